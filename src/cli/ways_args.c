/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways, from words to what is measured.
 */
#include "cli/ways_args.h"

enum cella_status enclave_ways_read(const struct ways_args *args, struct arena *arena,
				    struct launch_config *out, struct cella_error *err)
{
	const struct network_args ways = {
		.to_guest = args->to_guest,
		.from_guest = args->from_guest,
		.forward = { args->forward.items, args->forward.num_items },
		.egress = { args->egress.items, args->egress.num_items },
	};

	return network_read(&ways, arena, out, err);
}
