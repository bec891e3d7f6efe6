/* fig1.c: the PDE of Fig. 1 from C: prints R(rho_t) at t = 0, 1, 2, 5, 10 (docs/c.md). */
#include <meanfield.h>
#include <stdio.h>
#include <stdlib.h>

static void must(mf_status status, const mf_error *err) {
    if (status == MF_OK)
        return;
    fprintf(stderr, "fig1: %s: %s\n", mf_status_text(status), err->text);
    exit(EXIT_FAILURE);
}

int main(void) {
    const mf_activation step = {
            .kind = MF_ACT_PIECEWISE, .knots = 2, .t = {0.5, 1.5}, .s = {-2.5, 7.5}};
    const mf_radial_spec problem = {.activation = step, .delta = 0.8, .d = 40, .tol = 1e-9};
    const mf_init rho0 = {.ops = &mf_init_gaussian, .scale = 0.8};
    const double at[] = {0, 1, 2, 5, 10};
    mf_potential *potential;
    mf_error err = {MF_OK, ""};
    must(mf_library_init(&err), &err);
    must(mf_radial_new(&problem, &potential, NULL, &err), &err);

    const mf_particles_spec run = {.potential = potential, .J = 4000, .tol = 1e-8};
    size_t bytes = (mf_particles_bytes(&run) + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    if (!memory)
        return EXIT_FAILURE;
    mf_flow *flow = mf_particles_init(memory, &run);
    must(mf_potential_start(potential, &rho0, run.J, mf_particles_atoms(flow), NULL, &err), &err);
    for (size_t i = 0; i < sizeof at / sizeof *at; ++i) {
        double risk; /* xi = 1, so that the clock is t */
        must(flow->ops->advance(flow, at[i], UINT64_MAX, NULL, &err), &err);
        must(flow->ops->risk(flow, &risk, &err), &err);
        printf("%g %.5f\n", at[i], risk);
    }
    free(memory);
    mf_potential_free(potential);
}
