/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource_args.h"

enum { MAX_KEEP_MIB = 1 << 30 };

enum cella_status resource_args_read(const struct resource_args *args,
				     struct resource_request *out,
				     struct cella_error *err)
{
	out->keep_mib = RESOURCES_KEEP_MIB;
	out->lock = args->mem_lock;
	out->pin = args->pin;
	if (args->keep.is_set &&
	    (args->keep.value < 0 || args->keep.value > MAX_KEEP_MIB))
		return error_set(err, CELLA_USAGE, "--keep-memory: expected 0 to %d",
				 MAX_KEEP_MIB);
	if (args->keep.is_set)
		out->keep_mib = (unsigned)args->keep.value;
	if (args->cores != NULL)
		TRY(resource_cores_read(args->cores, out, err));
	if (args->hugepages != NULL)
		TRY(page_size_read(args->hugepages, &out->pages, err));
	return CELLA_OK;
}

enum cella_status resource_number_read(const struct moment *given, const char *name,
				       unsigned least, unsigned most, unsigned *out,
				       struct cella_error *err)
{
	if (!given->is_set)
		return CELLA_OK;
	if (given->value < (int64_t)least || given->value > (int64_t)most)
		return error_set(err, CELLA_USAGE, "%s: expected %u to %u", name, least,
				 most);
	*out = (unsigned)given->value;
	return CELLA_OK;
}

void resource_args_add(const struct resource_args *args, struct argv *out)
{
	if (args->cores != NULL) {
		argv_add(out, "--cores");
		argv_add(out, "%s", args->cores);
	}
	if (args->hugepages != NULL) {
		argv_add(out, "--hugepages");
		argv_add(out, "%s", args->hugepages);
	}
	if (args->keep.is_set) {
		argv_add(out, "--keep-memory");
		argv_add(out, "%lld", (long long)args->keep.value);
	}
	if (args->mem_lock)
		argv_add(out, "--mem-lock");
	if (args->pin)
		argv_add(out, "--pin");
}
