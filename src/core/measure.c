/* measure.c: names of spaces, and one-dimensional marginals of weighted atoms. */
#include "measure.h"

#include <stdlib.h>

const char *mf_space_name(mf_space space) {
    switch (space) {
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return text;
        MF_SPACE_LIST(X)
#undef X
    }
    return "unknown";
}

static int compare(const void *a, const void *b) {
    double x = ((const mf_atom *)a)->x, y = ((const mf_atom *)b)->x;
    return (x > y) - (x < y);
}

void mf_atoms_sort(mf_atom *atoms, size_t n) {
    qsort(atoms, n, sizeof *atoms, compare);
}

void mf_measure_sort(const mf_measure *m, size_t c, mf_atom *sorted) {
    for (size_t j = 0; j < m->n; ++j)
        sorted[j] = (mf_atom){m->x[c * m->ld + j], mf_measure_weight(m, j)};
    mf_atoms_sort(sorted, m->n);
}

double mf_atoms_quantile(const mf_atom *sorted, size_t n, double p) {
    double mass = 0;
    for (size_t j = 0; j + 1 < n; ++j) {
        mass += sorted[j].weight;
        if (mass >= p * (1 - 1e-15)) /* sums of 1/n round */
            return sorted[j].x;
    }
    return sorted[n - 1].x;
}

double mf_atoms_cdf(const mf_atom *sorted, size_t n, double x) {
    double mass = 0;
    for (size_t j = 0; j < n && sorted[j].x <= x; ++j)
        mass += sorted[j].weight;
    return mass;
}

void mf_atoms_masses(const mf_atom *sorted, size_t n, int smooth, size_t cells, const double *edges,
                     double *mass) {
    double below = 0, before = 0; /* mass of the atoms below the edge; of all below the last edge */
    size_t j = 0;
    for (size_t i = 0; i <= cells; ++i) {
        double edge = edges[i];
        while (j < n && (sorted[j].x < edge || (i == cells && sorted[j].x == edge)))
            below += sorted[j++].weight;
        double value = below;
        if (smooth && j > 0 && j < n) { /* between atoms j-1 and j */
            double low = sorted[j - 1].x, gap = sorted[j].x - low;
            double share = gap > 0 ? (edge - low) / gap : 0;
            value += (sorted[j - 1].weight + sorted[j].weight) / 2 * share -
                     sorted[j - 1].weight / 2;
        }
        if (i > 0)
            mass[i - 1] = value - before;
        before = value;
    }
}
