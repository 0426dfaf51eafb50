// SPDX-License-Identifier: GPL-2.0-only
/* An energy profile. */
#include <math.h>
#include <string.h>

#include "energy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct energy_profile profile;
	char why[256] = "";
	int error = energy_parse("fuzz", (const char *)data, size, &profile, why, sizeof(why));

	if (error > 0)
		fuzz_fail("a positive error");
	if (error) {
		if (!*why || strchr(why, '\n'))
			fuzz_fail("not one line");
		return 0;
	}
	if (!profile.name || !profile.source || strchr(profile.source, '\n'))
		fuzz_fail("not one line");
	for (int i = 0; i < ENERGY_NCONSTANTS; i++)
		if (!isfinite(profile.value[i]) || profile.value[i] < 0)
			fuzz_fail("a constant that cannot be");
	energy_free(&profile);
	return 0;
}
