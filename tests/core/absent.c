/* absent.c: without FLINT and Arb every proof refuses to begin, and says what to install. */
#include "check.h"
#include "core/proof/proof.h"

#include <string.h>

static void says_so(mf_status status, const void *object, const mf_error *err) {
    expect(status == MF_EUNSUPPORTED && !object, "nothing is begun");
    expect(strstr(err->text, "libflint-arb-dev") && strstr(err->text, "libflint-dev"),
           "the packages are named");
}

int main(void) {
    const mf_proof_spec problem = {.d = 40, .bits = 64};
    const mf_bound_spec bound = {.atoms = 0};
    const mf_interval_spec interval = {.digits = 10};
    mf_prover *p;
    mf_checker *c;
    mf_bounder *b;
    mf_interval_prover *i;
    mf_error err = {0};
    says_so(mf_prover_new(&p, &problem, &err), p, &err);
    says_so(mf_checker_new(&c, "a file", &err), c, &err);
    says_so(mf_bounder_new(&b, &bound, &err), b, &err);
    says_so(mf_interval_new(&i, &interval, NULL, &err), i, &err);
    mf_prover_free(p); /* NULL, as after every failure */
    mf_checker_free(c);
    mf_bounder_free(b);
    mf_interval_free(i);
    return verdict();
}
