/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on certificates and chains.
 */
#include "sim/corpus_ops.h"

#include "base/encode.h"

#include <string.h>

enum { DAY = 86400 };

/* --- names, flags, dates ------------------------------------------------------------- */

SIM_OP(SIM_STAGE_SPEC, cert_cn)
{
	sim_link_of(c, change->target)->spec.subject.cn = change->text;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_issuer_cn)
{
	sim_link_of(c, change->target)->spec.issuer.cn = change->text;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_issuer_o)
{
	sim_link_of(c, change->target)->spec.issuer.organisation = change->text;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_is_ca)
{
	sim_link_of(c, change->target)->spec.is_ca = change->number != 0;
	if (change->number == 0)
		sim_link_of(c, change->target)->spec.path_len = -1;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_usage)
{
	sim_link_of(c, change->target)->spec.key_usage = (uint8_t)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_path_len)
{
	sim_link_of(c, change->target)->spec.path_len = change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_oddity)
{
	sim_link_of(c, change->target)->spec.oddities |= (unsigned)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_hash)
{
	sim_link_of(c, change->target)->spec.hash = (enum sim_issue_hash)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_expired)
{
	sim_link_of(c, change->target)->spec.not_after = sim_corpus_time - DAY;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_future)
{
	sim_link_of(c, change->target)->spec.not_before = sim_corpus_time + DAY;
	return CELLA_OK;
}

/* --- keys and serial numbers --------------------------------------------------------- */

SIM_OP(SIM_STAGE_SPEC, cert_signed_by)
{
	sim_link_of(c, change->target)->issuer =
		sim_key_of(c, (enum sim_whose)change->number);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, cert_key)
{
	const struct private_key *const key =
		sim_key_of(c, (enum sim_whose)change->number);

	sim_link_of(c, change->target)->spec.point = private_key_point(key);
	return CELLA_OK;
}

/* A serial number whose first byte is zero, which its INTEGER leaves out. */
SIM_OP(SIM_STAGE_SPEC, cert_short_serial)
{
	sim_link_of(c, change->target)->spec.serial[0] = 0;
	return CELLA_OK;
}

/* --- the SGX extension --------------------------------------------------------------- */

static struct sim_link *pck(struct sim_case *c)
{
	return &c->chains[SIM_CHAIN_PCK].links[SIM_LEAF];
}

SIM_OP(SIM_STAGE_SPEC, ext_oddity)
{
	pck(c)->ext_oddity = (enum sim_ext_oddity)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, ext_no_platform)
{
	pck(c)->ext.is_platform = false;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, ext_platform)
{
	pck(c)->ext.is_platform = true;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, ext_missing)
{
	pck(c)->has_ext = false;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, ext_component)
{
	pck(c)->ext.components[change->target] = (uint8_t)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, ext_cpu_svn)
{
	return sim_hex_at(pck(c)->ext.cpu_svn, sizeof pck(c)->ext.cpu_svn, change->text,
			  err);
}

SIM_OP(SIM_STAGE_SPEC, ext_pce_svn)
{
	pck(c)->ext.pce_svn = (uint16_t)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, ext_fmspc)
{
	return sim_hex_at(pck(c)->ext.fmspc, FMSPC_LEN, change->text, err);
}

/* --- chains -------------------------------------------------------------------------- */

SIM_OP(SIM_STAGE_SPEC, chain_from)
{
	sim_chain_fill(&c->chains[change->target], (enum sim_chain_id)change->target,
		       c->world->actors[change->number]);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, chain_pem)
{
	return sim_chain_text(&c->chains[change->target], change->text,
			      sim_chain_place(c, (enum sim_chain_id)change->target), err);
}

SIM_OP(SIM_STAGE_SIGNED, cert_trailing)
{
	const enum sim_chain_id id = (enum sim_chain_id)(change->target / SIM_MAX_LINKS);
	struct sim_chain *const chain = &c->chains[id];

	out_u8(&sim_link_of(c, change->target)->der, 0);
	return sim_chain_text(chain, chain->num_links == 3 ? "012" : "01",
			      sim_chain_place(c, id), err);
}
