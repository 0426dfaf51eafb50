// SPDX-License-Identifier: LGPL-2.1-or-later
#include "beat.h"

#include <stddef.h>

#include "host.h"
#include "pause.h"

/* The contract asks for two a second; threads of a busy machine are late. */
#define BEAT_NS 200000000u

#define IN_RESULT(member) offsetof(struct nms_hw_result, member)

static void write_beat(struct beats *beats, struct beat *beat)
{
	struct nms_hw_result r = {
		.progress_done = beat->done,
		.progress_total = beat->total,
		.progress_phase = beat->phase,
		.progress_beat = ++beat->count,
	};

	/* If this cannot be written, neither can the whole, and that is reported. */
	host_write(beats->host, beat->block + IN_RESULT(progress_done), &r.progress_done,
		   IN_RESULT(reserved) - IN_RESULT(progress_done));
}

static void *beats_main(void *data)
{
	struct beats *beats = data;
	uint64_t due = 0;

	pthread_mutex_lock(&beats->lock);
	while (!beats->stop) {
		if (!beats->first) {
			beats->asleep = true;
			pthread_cond_wait(&beats->changed, &beats->lock);
			beats->asleep = false;
			due = clock_ns() + BEAT_NS;
			continue;
		}
		pause_until(&beats->changed, &beats->lock, due);
		if (clock_ns() < due)
			continue;
		for (struct beat *beat = beats->first; beat; beat = beat->next)
			write_beat(beats, beat);
		due = clock_ns() + BEAT_NS;
	}
	pthread_mutex_unlock(&beats->lock);
	return NULL;
}

int beats_start(struct beats *beats, const struct nms_model_host *host)
{
	int err = pause_init(&beats->changed);

	if (err)
		return err;
	pthread_mutex_init(&beats->lock, NULL);
	beats->host = host;
	beats->first = NULL;
	beats->asleep = beats->stop = false;
	err = -pthread_create(&beats->thread, NULL, beats_main, beats);
	if (err) {
		pthread_mutex_destroy(&beats->lock);
		pthread_cond_destroy(&beats->changed);
	}
	return err;
}

void beats_stop(struct beats *beats)
{
	pthread_mutex_lock(&beats->lock);
	beats->stop = true;
	pthread_cond_signal(&beats->changed);
	pthread_mutex_unlock(&beats->lock);
	pthread_join(beats->thread, NULL);
	pthread_mutex_destroy(&beats->lock);
	pthread_cond_destroy(&beats->changed);
}

void beat_begin(struct beats *beats, struct beat *beat, uint64_t block)
{
	pthread_mutex_lock(&beats->lock);
	*beat = (struct beat){ .next = beats->first, .link = &beats->first, .block = block };
	if (beat->next)
		beat->next->link = &beat->next;
	beats->first = beat;
	/* It sleeps only where there has been nothing for a while: short commands cost no wake-up. */
	if (beats->asleep)
		pthread_cond_signal(&beats->changed);
	pthread_mutex_unlock(&beats->lock);
}

void beat_note(struct beats *beats, struct beat *beat, uint32_t phase, uint64_t done,
	       uint64_t total)
{
	pthread_mutex_lock(&beats->lock);
	beat->phase = phase;
	beat->done = done;
	beat->total = total;
	pthread_mutex_unlock(&beats->lock);
}

void beat_end(struct beats *beats, struct beat *beat)
{
	pthread_mutex_lock(&beats->lock);
	*beat->link = beat->next;
	if (beat->next)
		beat->next->link = beat->link;
	pthread_mutex_unlock(&beats->lock);
}
