/* absent.c: compiled in place of the room where FLINT and Arb are missing. */
#include "proof.h"

static mf_status absent(mf_error *err) {
    return mf_fail(err, MF_EUNSUPPORTED,
                   "this build has no ball arithmetic: install libflint-arb-dev and libflint-dev, "
                   "and build again");
}

mf_status mf_prover_new(mf_prover **p, const mf_proof_spec *spec, mf_error *err) {
    (void)spec;
    *p = NULL;
    return absent(err);
}

mf_status mf_prover_step(mf_prover *p, const mf_flag *stop, mf_error *err) {
    (void)p;
    (void)stop;
    return absent(err);
}

bool mf_prover_over(const mf_prover *p) {
    (void)p;
    return true;
}

double mf_prover_done(const mf_prover *p) {
    (void)p;
    return 1;
}

const mf_lemma1_proof *mf_prover_result(const mf_prover *p) {
    (void)p;
    return NULL;
}

void mf_prover_free(mf_prover *p) {
    (void)p;
}

mf_status mf_prover_write(const mf_prover *p, const char *path, mf_error *err) {
    (void)p;
    (void)path;
    return absent(err);
}

mf_status mf_checker_new(mf_checker **c, const char *path, mf_error *err) {
    (void)path;
    *c = NULL;
    return absent(err);
}

mf_status mf_checker_step(mf_checker *c, const mf_flag *stop, mf_error *err) {
    (void)c;
    (void)stop;
    return absent(err);
}

bool mf_checker_over(const mf_checker *c) {
    (void)c;
    return true;
}

double mf_checker_done(const mf_checker *c) {
    (void)c;
    return 1;
}

const mf_check *mf_checker_result(const mf_checker *c) {
    (void)c;
    return NULL;
}

void mf_checker_free(mf_checker *c) {
    (void)c;
}

mf_status mf_bounder_new(mf_bounder **b, const mf_bound_spec *spec, mf_error *err) {
    (void)spec;
    *b = NULL;
    return absent(err);
}

mf_status mf_bounder_step(mf_bounder *b, const mf_flag *stop, mf_error *err) {
    (void)b;
    (void)stop;
    return absent(err);
}

bool mf_bounder_over(const mf_bounder *b) {
    (void)b;
    return true;
}

double mf_bounder_done(const mf_bounder *b) {
    (void)b;
    return 1;
}

const mf_bound *mf_bounder_result(const mf_bounder *b) {
    (void)b;
    return NULL;
}

void mf_bounder_free(mf_bounder *b) {
    (void)b;
}

mf_status mf_interval_new(mf_interval_prover **p, const mf_interval_spec *spec, const mf_flag *stop,
                          mf_error *err) {
    (void)spec;
    (void)stop;
    *p = NULL;
    return absent(err);
}

mf_status mf_interval_step(mf_interval_prover *p, const mf_flag *stop, mf_error *err) {
    (void)p;
    (void)stop;
    return absent(err);
}

bool mf_interval_over(const mf_interval_prover *p) {
    (void)p;
    return true;
}

double mf_interval_done(const mf_interval_prover *p) {
    (void)p;
    return 1;
}

const mf_proved_interval *mf_interval_result(const mf_interval_prover *p) {
    (void)p;
    return NULL;
}

void mf_interval_free(mf_interval_prover *p) {
    (void)p;
}
