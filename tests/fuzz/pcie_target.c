// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vfio-user client, and the guest behind it, that send whatever they like.
 *
 * An input is a row of messages: command, descriptors (number in the low bits, MEMORY: of guest
 * memory, else an eventfd), length (16 bits), and that many bytes after the header.  Command GUEST
 * is no message: the guest stores the bytes but the first two in its memory, at the place that
 * these say.
 */
#define _GNU_SOURCE
#include <linux/pci_regs.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

/* What takes a message apart is its own affair. */
#include "server.c"

#include <sched.h>
#include <signal.h>

#include "fuzz.h"
#include "guard.h"

#define GUEST		0xffu
#define GUEST_SIZE	65536u
#define NFDS		0x1fu
#define MEMORY		0x20u
#define MOST_MESSAGES	64

static struct device *device;
static struct session *session;
static int memory_fd, event_fd;
static uint8_t *memory;

int __wrap_message_reply(const struct channel *channel, const struct message *m, const void *data,
			 size_t size);
int __wrap_message_refuse(const struct channel *channel, const struct message *m, int error);

int __wrap_message_reply(const struct channel *channel, const struct message *m, const void *data,
			 size_t size)
{
	(void)channel;
	(void)data;
	if (size > sizeof(session->out))
		fuzz_fail("a reply longer than its buffer");
	if (m->header.command == WIRE_REGION_READ &&
	    size != sizeof(struct wire_access) + ((const struct wire_access *)m->data)->count)
		fuzz_fail("a reply of another size");
	return 0;
}

int __wrap_message_refuse(const struct channel *channel, const struct message *m, int error)
{
	(void)channel;
	(void)m;
	if (error <= 0)
		fuzz_fail("a refusal without its reason");
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct device_options options = {
		.near_size = 1 << 20, .vectors = 3, .queues = 2, .entries = 64, .threads = 1,
		.profile = "portable",
	};
	char why[256];

	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	session = calloc(1, sizeof(*session));
	memory_fd = memfd_create("guest", MFD_CLOEXEC);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!session || memory_fd < 0 || event_fd < 0 || ftruncate(memory_fd, GUEST_SIZE))
		fuzz_fail("no guest");
	memory = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	if (memory == MAP_FAILED || guard_install() ||
	    device_create(&options, &device, why, sizeof(why)))
		fuzz_fail("no device");
	session->device = device;
	return 0;
}

static void store(const uint8_t *data, size_t size)
{
	size_t at, room;

	if (size < 2)
		return;
	at = data[0] | (size_t)data[1] << 8;
	room = GUEST_SIZE - at;
	memcpy(memory + at, data + 2, size - 2 < room ? size - 2 : room);
}

/* What the device does then is done by its threads: for as long as a guest would look. */
static void settle(void)
{
	uint32_t status = 0;

	for (int i = 0; i < 50; i++) {
		device_read(device, NMS_HW_REG_STATUS, &status, sizeof(status));
		if (!(status & NMS_HW_STATUS_BUSY))
			return;
		sched_yield();
	}
}

static void send_message(unsigned int command, unsigned int descriptors, const uint8_t *data,
			 size_t size)
{
	struct message *m = &session->in;
	unsigned int nfds = descriptors & NFDS;

	m->header = (struct wire_header){
		.command = (uint16_t)command, .size = (uint32_t)(sizeof(m->header) + size),
	};
	/* of exactly its size, so that the sanitizer sees what is read beyond */
	m->data = malloc(size ? size : 1);
	if (!m->data)
		fuzz_fail("out of memory");
	memcpy(m->data, data, size);
	m->data_size = size;
	m->too_many_fds = nfds > WIRE_MAX_FDS;
	for (m->fds = 0; m->fds < nfds && m->fds < WIRE_MAX_FDS; m->fds++)
		m->fd[m->fds] = fcntl(descriptors & MEMORY ? memory_fd : event_fd, F_DUPFD_CLOEXEC, 3);
	if (serve_message(session))
		fuzz_fail("the client is dropped");
	message_free(m);
	if (command == WIRE_REGION_WRITE)
		settle();
}

static void begin(void)
{
	session->greeted = true;
	device_link(device, true);
	config_init(&session->config, irq_vectors(device_irq(device)));
	/* An input that is to reach registers need not say so first; it may take it back. */
	config_write(&session->config, PCI_COMMAND, (uint8_t[]){ PCI_COMMAND_MEMORY, 0 }, 2);
	session->departures = device_departures(device);
	memset(memory, 0, GUEST_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	for (int i = 0; i < MOST_MESSAGES && size >= 4; i++) {
		size_t length = data[2] | (size_t)data[3] << 8;

		if (length > size - 4)
			length = size - 4;
		if (data[0] == GUEST)
			store(data + 4, length);
		else
			send_message(data[0], data[1], data + 4, length);
		data += 4 + length;
		size -= 4 + length;
	}
	bus_reset(session);
	irq_detach_all(device_irq(device));
	dma_unmap_all(device_dma(device));
	return 0;
}
