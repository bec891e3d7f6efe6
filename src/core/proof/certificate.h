/* certificate.h: what a certificate says, before anything of it is believed. */
#ifndef MF_CERTIFICATE_H
#define MF_CERTIFICATE_H

#include "cover.h"
#include "prover.h"

enum { MF_NUMBER_TEXT = 400 };

typedef struct {
    mf_proof_spec spec; /* d, delta, knots, bits */
    mf_verdict verdict;
    char r_star[MF_BALL_TEXT];
    mf_box around, violation;
    double far;
    mf_cover cover; /* its done boxes */
    char *text, *at;
    size_t line;
} mf_certificate;

mf_status mf_certificate_read(mf_certificate *, const char *path, mf_error *err);
void mf_certificate_clear(mf_certificate *);

#endif
