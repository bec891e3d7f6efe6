/* potential.c: what all potentials share. */
#include "potential.h"

double mf_potential_risk_of_mean(const mf_potential *pot, const double *m) {
    double cross = 0, square = 0;
    for (size_t k = 0; k < pot->rank; ++k) {
        cross += pot->b[k] * m[k];
        square += m[k] * m[k];
    }
    return pot->risk0 + 2 * cross + square;
}

void mf_potential_free(mf_potential *pot) {
    if (pot)
        pot->ops->free(pot);
}
