/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the SGX extension of a PCK certificate: the counterpart of
 * collateral/pck_ext.h.
 */
#ifndef SIM_PCK_EXT_WRITE_H
#define SIM_PCK_EXT_WRITE_H

#include "collateral/pck_ext.h"

/* One thing to get wrong. */
enum sim_ext_oddity {
	SIM_EXT_RIGHT = 0,
	SIM_EXT_LARGE_SVN,     /* the first component's SVN is 256 */
	SIM_EXT_FEW_SVNS,      /* the sixteenth component is left out */
	SIM_EXT_SWAPPED,       /* PCE-ID and FMSPC have changed places */
	SIM_EXT_SHORT_FMSPC,   /* FMSPC has five bytes */
	SIM_EXT_FMSPC_TWICE,   /* a second FMSPC follows the first */
	SIM_EXT_NEGATIVE_SVN,  /* the first component's SVN is -1 */
	SIM_EXT_TRAILING_BYTE, /* a byte follows the sequence */
};

void sim_pck_ext_write(const struct pck_ext *ext, enum sim_ext_oddity oddity,
		       struct out *out);

#endif
