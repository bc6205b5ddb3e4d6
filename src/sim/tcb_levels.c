/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TCB information and identities say: levels around the platform's own SVNs, so that
 * the platform stands where the specification wants it.
 */
#include "sim/collateral.h"

#include "base/civil.h"
#include "base/encode.h"
#include "sim/quote.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400 };

/* When the levels came into force, before the collateral's moment. */
enum { NEXT_AGE = 30, HAVE_AGE = 200, OLDER_AGE = 700 };

static const char older_advisory[] = "SIM-SA-00001";

/* --- small parts --------------------------------------------------------------------- */

static json_t *upper_hex(struct cella_bytes bytes)
{
	struct out out CLEANUP(out_done) = { 0 };

	hex_write_upper(&out, bytes);
	return out.failed ? NULL : json_stringn((const char *)out.data, out.len);
}

/* Midnight, so many days before. */
static json_t *date_before(int64_t time, int days)
{
	return json_time((time / DAY - days) * DAY);
}

static json_t *texts(const char *const *items, size_t num_items)
{
	json_t *const array = json_array();

	for (size_t i = 0; array != NULL && i < num_items; i++) {
		if (json_array_append_new(array, json_string(items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* {"tcb":…,"tcbDate":…,"tcbStatus":…[,"advisoryIDs":…]}; takes tcb. */
static json_t *level_json(json_t *tcb, json_t *date, enum cella_tcb_status status,
			  const char *const *advisories, size_t num_advisories)
{
	json_t *const level = json_pack("{s:o,s:o,s:s}", "tcb", tcb, "tcbDate", date,
					"tcbStatus", cella_tcb_status_name(status));

	if (level == NULL || num_advisories == 0)
		return level;
	if (json_object_set_new(level, "advisoryIDs",
				texts(advisories, num_advisories)) != 0) {
		json_decref(level);
		return NULL;
	}
	return level;
}

/* Takes level, and fails once anything failed. */
static bool append(json_t *array, json_t *level)
{
	return json_array_append_new(array, level) == 0;
}

/* --- levels of one number: modules and quoting enclaves ------------------------------ */

static json_t *isv_level(const struct sim_collateral_spec *spec, uint16_t svn, int age,
			 enum cella_tcb_status status)
{
	const char *const advisory = older_advisory;

	return level_json(json_pack("{s:i}", "isvsvn", svn), date_before(spec->time, age),
			  status, &advisory, status == CELLA_TCB_UP_TO_DATE ? 0 : 1);
}

/* Levels around a number, which stands as wanted. */
static json_t *isv_levels(const struct sim_collateral_spec *spec, uint16_t svn,
			  enum cella_tcb_status status)
{
	json_t *const levels = json_array();
	bool good = levels != NULL;

	if (good && status != CELLA_TCB_UP_TO_DATE)
		good = append(levels,
			      isv_level(spec, svn + 1, NEXT_AGE, CELLA_TCB_UP_TO_DATE));
	if (good && status != CELLA_TCB_NOT_SUPPORTED)
		good = append(levels, isv_level(spec, svn, HAVE_AGE, status));
	if (good && status != CELLA_TCB_NOT_SUPPORTED && svn > 0)
		good = append(levels,
			      isv_level(spec, svn - 1, OLDER_AGE, CELLA_TCB_OUT_OF_DATE));
	if (good)
		return levels;
	json_decref(levels);
	return NULL;
}

/* --- levels of a platform ------------------------------------------------------------ */

struct numbers {
	uint8_t sgx[TCB_COMPONENTS];
	uint16_t pce_svn;
	uint8_t tdx[TCB_COMPONENTS];
};

/* What the components are, where the service says so. */
static const char *const sgx_kinds[TCB_COMPONENTS][2] = {
	{ "BIOS", "Early Microcode Update" },
	{ "OS/VMM", "SGX Late Microcode Update" },
	{ "OS/VMM", "TXT SINIT" },
	{ "BIOS", NULL },
	{ "BIOS", NULL },
	{ "BIOS", NULL },
	{ NULL, NULL },
	{ "OS/VMM", "SEAMLDR ACM" },
};
static const char *const tdx_kinds[TCB_COMPONENTS][2] = {
	{ "OS/VMM", "TDX Module" },
	{ "OS/VMM", "TDX Module" },
	{ "OS/VMM", "TDX Late Microcode Update" },
};

static json_t *component_json(uint8_t svn, const char *const kind[2])
{
	if (kind[0] == NULL)
		return json_pack("{s:i}", "svn", svn);
	if (kind[1] == NULL)
		return json_pack("{s:i,s:s}", "svn", svn, "category", kind[0]);
	return json_pack("{s:i,s:s,s:s}", "svn", svn, "category", kind[0], "type",
			 kind[1]);
}

static json_t *components_json(const uint8_t svns[TCB_COMPONENTS],
			       const char *const kinds[TCB_COMPONENTS][2])
{
	json_t *const array = json_array();

	for (size_t i = 0; array != NULL && i < TCB_COMPONENTS; i++) {
		if (!append(array, component_json(svns[i], kinds[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *numbers_json(const struct numbers *n, enum sim_tee tee)
{
	json_t *const tcb = json_pack("{s:o,s:i}", "sgxtcbcomponents",
				      components_json(n->sgx, sgx_kinds), "pcesvn",
				      n->pce_svn);

	if (tcb == NULL || tee == SIM_SGX)
		return tcb;
	if (json_object_set_new(tcb, "tdxtcbcomponents",
				components_json(n->tdx, tdx_kinds)) != 0) {
		json_decref(tcb);
		return NULL;
	}
	return tcb;
}

static const uint8_t *tee_tcb_svn(const struct sim_platform *p)
{
	size_t len = 0;

	return sim_field(&td_body_15ex_layout, (uint8_t *)p->td_body, "tee_tcb_svn",
			 &len);
}

/*
 * The platform's numbers. The module's version takes the place of the first two TDX
 * components, which stay below it all the same for verifiers that compare them.
 */
static struct numbers numbers_of(const struct sim_platform *p)
{
	struct numbers n = { .pce_svn = p->config.pce_svn };
	const uint8_t *const svn = tee_tcb_svn(p);

	memcpy(n.sgx, p->config.components, TCB_COMPONENTS);
	memcpy(n.tdx, svn, TCB_COMPONENTS);
	if (svn[1] > 0) {
		n.tdx[0] = svn[0] > 0 ? svn[0] - 1 : 0;
		n.tdx[1] = 0;
	}
	return n;
}

/* A microcode update ahead, or behind. */
static struct numbers shifted(struct numbers n, int by)
{
	for (size_t i = 0; i < 2; i++)
		if ((by > 0 && n.sgx[i] < UINT8_MAX) || (by < 0 && n.sgx[i] > 0))
			n.sgx[i] = (uint8_t)(n.sgx[i] + by);
	if (by < 0 && n.pce_svn > 0)
		n.pce_svn--;
	return n;
}

static json_t *platform_level(const struct sim_collateral_spec *spec, struct numbers n,
			      int age, enum cella_tcb_status status,
			      const char *const *advisories, size_t num_advisories)
{
	return level_json(numbers_json(&n, spec->tee), date_before(spec->time, age),
			  status, advisories, num_advisories);
}

/* The status of the platform's own level in the document. */
static enum cella_tcb_status own_level(enum cella_tcb_status standing)
{
	switch (standing) {
	case CELLA_TCB_TD_RELAUNCH_ADVISED:
		return CELLA_TCB_UP_TO_DATE;
	case CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
		return CELLA_TCB_CONFIGURATION_NEEDED;
	case CELLA_TCB_NONE:
	case CELLA_TCB_UP_TO_DATE:
	case CELLA_TCB_SW_HARDENING_NEEDED:
	case CELLA_TCB_CONFIGURATION_NEEDED:
	case CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
	case CELLA_TCB_OUT_OF_DATE:
	case CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
	case CELLA_TCB_REVOKED:
	case CELLA_TCB_NOT_SUPPORTED:
	case CELLA_TCB_COUNT:
		break;
	}
	return standing;
}

/* Is there something newer than what the platform has? */
static bool is_behind(enum cella_tcb_status own)
{
	return own >= CELLA_TCB_OUT_OF_DATE;
}

static json_t *platform_levels(const struct sim_platform *p,
			       const struct sim_collateral_spec *spec)
{
	const enum cella_tcb_status own = own_level(spec->platform);
	const struct numbers have = numbers_of(p);
	const char *const older = older_advisory;
	json_t *const levels = json_array();
	bool good = levels != NULL;

	if (good && is_behind(own))
		good = append(levels, platform_level(spec, shifted(have, 1), NEXT_AGE,
						     CELLA_TCB_UP_TO_DATE, NULL, 0));
	if (good && own != CELLA_TCB_NOT_SUPPORTED) {
		good = append(levels,
			      platform_level(spec, have, HAVE_AGE, own, spec->advisories,
					     spec->num_advisories)) &&
		       append(levels, platform_level(spec, shifted(have, -1), OLDER_AGE,
						     CELLA_TCB_OUT_OF_DATE, &older, 1));
	}
	if (good)
		return levels;
	json_decref(levels);
	return NULL;
}

/* --- TDX modules --------------------------------------------------------------------- */

static json_t *module_json(void)
{
	static const uint8_t signer[MR_LEN];
	static const uint8_t zeros[8];
	static const uint8_t ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return json_pack("{s:o,s:o,s:o}", "mrsigner",
			 upper_hex(bytes_of(signer, sizeof signer)), "attributes",
			 upper_hex(bytes_of(zeros, sizeof zeros)), "attributesMask",
			 upper_hex(bytes_of(ones, sizeof ones)));
}

static json_t *module_identity_json(const struct sim_platform *p,
				    const struct sim_collateral_spec *spec, uint8_t major)
{
	enum { SOME_MINOR = 5 };
	const uint8_t *const svn = tee_tcb_svn(p);
	const bool is_own = svn[1] == major;
	json_t *const identity = json_object();
	json_t *const module = module_json();
	char id[8];
	bool good;

	snprintf(id, sizeof id, "TDX_%02X", major);
	good = identity != NULL && module != NULL &&
	       json_object_set_new(identity, "id", json_string(id)) == 0 &&
	       json_object_update(identity, module) == 0 &&
	       json_object_set_new(
		       identity, "tcbLevels",
		       isv_levels(spec, is_own ? svn[0] : SOME_MINOR,
				  is_own ? spec->module : CELLA_TCB_UP_TO_DATE)) == 0;
	json_decref(module);
	if (good)
		return identity;
	json_decref(identity);
	return NULL;
}

/* --- documents ----------------------------------------------------------------------- */

json_t *sim_tcb_info_json(const struct sim_platform *p,
			  const struct sim_collateral_spec *spec)
{
	const struct sim_span *const dates = &spec->dates[SIM_TCB_INFO];
	const bool is_tdx = spec->tee == SIM_TDX;
	json_t *const info = json_pack(
		"{s:s,s:i,s:o,s:o,s:o,s:o,s:i,s:i}", "id", is_tdx ? "TDX" : "SGX",
		"version", 3, "issueDate", json_time(dates->from), "nextUpdate",
		json_time(dates->to), "fmspc",
		upper_hex(bytes_of(p->config.fmspc, FMSPC_LEN)), "pceId",
		upper_hex(bytes_of(p->config.pce_id, PCE_ID_LEN)), "tcbType", 0,
		"tcbEvaluationDataNumber", (int)spec->evaluation_numbers[SIM_TCB_INFO]);

	if (info == NULL)
		return NULL;
	if (is_tdx &&
	    (json_object_set_new(info, "tdxModule", module_json()) != 0 ||
	     json_object_set_new(info, "tdxModuleIdentities",
				 json_pack("[o,o]", module_identity_json(p, spec, 3),
					   module_identity_json(p, spec, 1))) != 0))
		goto failed;
	if (json_object_set_new(info, "tcbLevels", platform_levels(p, spec)) == 0)
		return info;
failed:
	json_decref(info);
	return NULL;
}

json_t *sim_qe_identity_json(const struct sim_platform *p,
			     const struct sim_collateral_spec *spec)
{
	const struct sim_span *const dates = &spec->dates[SIM_QE_IDENTITY];
	const bool is_tdx = spec->tee == SIM_TDX;
	uint8_t mrsigner[32];

	if (sim_qe_mrsigner(spec->tee, mrsigner, NULL) != CELLA_OK)
		return NULL;
	return json_pack(
		"{s:s,s:i,s:o,s:o,s:i,s:s,s:s,s:s,s:s,s:o,s:i,s:o}", "id",
		is_tdx ? "TD_QE" : "QE", "version", 2, "issueDate",
		json_time(dates->from), "nextUpdate", json_time(dates->to),
		"tcbEvaluationDataNumber", (int)spec->evaluation_numbers[SIM_QE_IDENTITY],
		"miscselect", "00000000", "miscselectMask", "FFFFFFFF", "attributes",
		"11000000000000000000000000000000", "attributesMask",
		"FBFFFFFFFFFFFFFF0000000000000000", "mrsigner",
		upper_hex(bytes_of(mrsigner, sizeof mrsigner)), "isvprodid",
		is_tdx ? SIM_TD_QE_PROD_ID : SIM_QE_PROD_ID, "tcbLevels",
		isv_levels(spec, is_tdx ? p->config.td_qe_isv_svn : p->config.qe_isv_svn,
			   spec->qe));
}
