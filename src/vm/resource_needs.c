/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/resource_needs.h"

#include "vm/image_build.h"

/* What is unpacked is in memory twice for a while; the image's header is no measure. */
static uint64_t usual_mib(const struct eif *image)
{
	uint64_t len = 0;

	for (size_t i = 0; i < image->num_ramdisks; i++)
		len += image->ramdisks[i].len;
	return RESOURCE_LEAST_MEMORY_MIB + 2 * (len >> 20) + 1;
}

/* Kernel and ramdisks stay in memory of their own, beside the guest's. */
static uint64_t held_mib(const struct eif *image)
{
	uint64_t len = image->kernel.len;

	for (size_t i = 0; i < image->num_ramdisks; i++)
		len += image->ramdisks[i].len;
	return (len >> 20) + 1;
}

static void read_image(const struct eif *image, struct resource_request *request)
{
	struct image_memory memory = { 0 };
	const uint64_t usual = usual_mib(image);

	request->image_mib = (unsigned)held_mib(image);
	/* Of ramdisks in a form that is not known, the kernel may know more. */
	if (image_memory(image, &memory, NULL) == CELLA_OK)
		request->least_mib = (unsigned)memory.mib;
	if (request->memory_mib == 0)
		request->memory_mib = (unsigned)usual;
}

void resource_needs(const struct eif *image, struct resource_request *request)
{
	const bool is_open = request->memory_mib == 0;

	if (image != NULL)
		read_image(image, request);
	if (is_open && request->memory_mib < request->least_mib)
		request->memory_mib = request->least_mib;
	if (is_open && request->memory_mib < RESOURCE_USUAL_MEMORY_MIB)
		request->memory_mib = RESOURCE_USUAL_MEMORY_MIB;
	if (request->vcpus == 0)
		request->vcpus = request->cores == CORES_LISTED
					 ? (unsigned)cpus_count(&request->list)
					 : 1;
}
