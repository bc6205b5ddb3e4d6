/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root that is trusted.
 */
#include "appraise/trust_root.h"

#include "verify/dcap.h"

#include <string.h>

static void *ref_root(void *root)
{
	atomic_fetch_add_explicit(&((struct trust_root *)root)->refs, 1,
				  memory_order_relaxed);
	return root;
}

static void unref_root(void *root)
{
	trust_root_unref(root);
}

const struct cache_kind trust_root_cache_kind = { ref_root, unref_root };

void trust_root_unref(struct trust_root *root)
{
	if (root != NULL &&
	    atomic_fetch_sub_explicit(&root->refs, 1, memory_order_acq_rel) == 1)
		free(root);
}

static enum cella_status root_new(const uint8_t point[P256_POINT_LEN],
				  struct trust_root **out, struct cella_error *err)
{
	struct trust_root *const root = calloc(1, sizeof *root);

	if (root == NULL)
		return error_nomem(err);
	atomic_init(&root->refs, 1);
	memcpy(root->point, point, sizeof root->point);
	root->is_intel = memcmp(point, intel_root_key, P256_POINT_LEN) == 0;
	*out = root;
	return CELLA_OK;
}

static enum cella_status root_from_certificate(struct cella_bytes certificate,
					       struct trust_root **out,
					       struct cella_error *err)
{
	struct crypto_cert *cert CLEANUP(crypto_cert_cleanup) = NULL;

	TRY(root_cert_parse(certificate, &cert, err));
	TRY(root_new(cert->point, out, err));
	(*out)->is_host = cert->has_ak_usage;
	return CELLA_OK;
}

enum cella_status trust_root_find(enum cella_root choice, struct cella_bytes certificate,
				  struct cache *cache, struct trust_root **out,
				  struct cella_error *err)
{
	uint8_t key[SHA256_LEN];

	if (choice == CELLA_ROOT_INTEL)
		return root_new(intel_root_key, out, err);
	if (cache == NULL)
		return root_from_certificate(certificate, out, err);
	TRY(crypto_sha256(certificate, key, err));
	*out = cache_find(cache, key);
	if (*out != NULL)
		return CELLA_OK;
	TRY(root_from_certificate(certificate, out, err));
	cache_put(cache, key, *out);
	return CELLA_OK;
}

enum cella_status cella_root_name(const void *cert, size_t len, char **name,
				  struct cella_error *err)
{
	struct trust_root *root CLEANUP(trust_root_cleanup) = NULL;
	char text[ROOT_NAME_LEN];
	char *copy;

	TRY(trust_root_find(CELLA_ROOT_GIVEN, bytes_of(cert, len), NULL, &root, err));
	TRY(root_name(root->point, root->is_intel, text, err));
	copy = strdup(text);
	if (copy == NULL)
		return error_nomem(err);
	*name = copy;
	return CELLA_OK;
}
