/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies from a service (PCCS API version 4, "appraisalpolicy"): signed policies with a
 * comma between them. They are not kept: nobody but their owner says for how long they hold.
 */
#include "cli/policy_url.h"

#include "base/encode.h"
#include "cli/trust.h"
#include "fetch/clock.h"

#include <string.h>

enum { POLICY_TIMEOUT_MS = 30000 };

static enum cella_status add_policy(const char *url, struct cella_bytes text,
				    struct policy_inputs *out, struct cella_error *err)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_REMOTE,
						      .owners = out->owners };

	if (out->num_policies == CELLA_POLICIES_MAX)
		return error_set(err, CELLA_LIMIT, "%.100s: more than %zu policies", url,
				 CELLA_POLICIES_MAX);
	if (cella_policy_parse(text.data, text.len, &options,
			       &out->policies[out->num_policies], err) != CELLA_OK) {
		error_prefix(err, "%.100s: policy %zu", url, out->num_policies + 1);
		return err->status;
	}
	out->num_policies++;
	return CELLA_OK;
}

/* No character of a signed policy is a comma. */
static enum cella_status add_all(const char *url, struct cella_bytes list,
				 struct policy_inputs *out, struct cella_error *err)
{
	const size_t before = out->num_policies;

	while (list.len > 0) {
		const uint8_t *const comma = memchr(list.data, ',', list.len);
		const size_t len = comma != NULL ? (size_t)(comma - list.data) : list.len;
		const struct cella_bytes text = text_trim(bytes_slice(list, 0, len));

		if (text.len > 0)
			TRY(add_policy(url, text, out, err));
		list = bytes_slice(list, len + (comma != NULL),
				   list.len - len - (comma != NULL));
	}
	if (out->num_policies == before)
		return error_set(err, CELLA_MISSING, "%.100s: the service has no policy",
				 url);
	return CELLA_OK;
}

static enum cella_status get(const struct source *source, const char *url,
			     struct out *response, struct cella_error *err)
{
	const int64_t timeout_ms = source->options.timeout_ms > 0
					   ? source->options.timeout_ms
					   : (int64_t)POLICY_TIMEOUT_MS;
	struct client *client CLEANUP(client_cleanup) = NULL;

	if (source->options.offline)
		return error_set(
			err, CELLA_MISSING,
			"%.100s: policies are not kept, and --offline forbids to "
			"ask",
			url);
	TRY(client_new(&source->options.client, &client, err));
	return client_get(client,
			  &(struct request){
				  .url = url,
				  .max_len = CELLA_POLICY_MAX,
				  .deadline_ms = clock_ms() + timeout_ms,
			  },
			  response, err);
}

enum cella_status policies_fetch(const struct collateral_input *input, const char *url,
				 struct policy_inputs *out, struct cella_error *err)
{
	struct out response CLEANUP(out_done) = { 0 };
	char policies_url[URL_MAX + 1];
	struct platform platform;
	struct source source CLEANUP(source_done) = { 0 };
	const uint8_t *end;
	uint8_t root[64];

	TRY(trusted_key(input->trust_root, root, err));
	TRY(platform_of(input->evidence, root, &platform, err));
	TRY(source_find(input->source, input->common, url, root, false, &source, err));
	TRY(pcs_policies_url(url, &platform, policies_url, err));
	TRY(get(&source, policies_url, &response, err));
	end = response.len > 0 ? memmem(response.data, response.len, "\r\n\r\n", 4)
			       : NULL;
	if (end == NULL)
		return error_set(err, CELLA_INTERNAL, "%.100s: no answer", policies_url);
	end += 4;
	return add_all(policies_url,
		       bytes_of(end, response.len - (size_t)(end - response.data)), out,
		       err);
}
