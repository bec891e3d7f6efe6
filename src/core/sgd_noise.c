/* sgd_noise.c: Brownian motion, its bridge and decay inside a block. */
#include "sgd_noise.h"

size_t mf_sgd_noise_bytes(size_t block) {
    return sizeof(mf_sgd_noise) + (3 * block * block + 4 * block + 2) * sizeof(double);
}

mf_status mf_sgd_noise_open(mf_sgd *w, mf_error *err) {
    (void)w;
    return mf_fail(err, MF_EUNSUPPORTED, "noise takes the plain loop: algorithm = 'plain'");
}

void mf_sgd_noise_view(mf_sgd *w, size_t panel) {
    (void)w;
    (void)panel;
}
