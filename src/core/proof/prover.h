/* prover.h: the state of a proof of Lemma 1, for prover.c and certificate.c. */
#ifndef MF_PROVER_H
#define MF_PROVER_H

#include "cover.h"
#include "lemma1.h"

typedef enum { MF_START, MF_MARGIN, MF_RISK, MF_OVER } mf_phase;

struct mf_prover {
    mf_lemma1_frame frame;
    mf_phase phase;
    slong bits, bits_max;
    double given, guess; /* for r_*: the caller's, the own; 0: none     */
    bool convex;         /* M'' > 0 on `around`; else only R'' is         */
    mf_cover margin;     /* boxes outside `around`, M > 0 on those done  */
    mf_cover risk;       /* the same, R > R(r_*); for a refutation       */
    mf_box violation;    /* where M < 0                                  */
    mf_lemma1_proof result;
};

#endif
