/* atoms.c: quantiles, histograms and draws from the sorted atoms of one coordinate. */
#include "atoms.h"

#include <math.h>
#include <stdlib.h>

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

/* A sum whose error does not grow with the number of terms (Neumaier). */
typedef struct {
    double value, lost;
} exact_sum;

static double add(exact_sum *sum, double term) {
    double next = sum->value + term;
    sum->lost += fabs(sum->value) >= fabs(term) ? (sum->value - next) + term
                                                : (term - next) + sum->value;
    sum->value = next;
    return sum->value + sum->lost;
}

void mf_atoms_cumulate(mf_atom *sorted, size_t n) {
    exact_sum sum = {0, 0};
    size_t last = 0;
    for (size_t j = 0; j < n; ++j) {
        last = sorted[j].weight > 0 ? j : last;
        sorted[j].weight = fmin(add(&sum, sorted[j].weight), 1);
    }
    for (size_t j = last; j < n; ++j)
        sorted[j].weight = 1;
}

/* The first atom whose cumulated mass is >= p, and positive. */
static size_t find_mass(const mf_atom *cumulated, size_t n, double p) {
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cumulated[middle].weight >= p && cumulated[middle].weight > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double mf_atoms_quantile(const mf_atom *cumulated, size_t n, double p) {
    return cumulated[find_mass(cumulated, n, p * (1 - 4e-16))].x; /* k/n and k (1/n) round */
}

double mf_atoms_cdf(const mf_atom *cumulated, size_t n, double x) {
    size_t low = 0, high = n; /* the first atom beyond x */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cumulated[middle].x > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low ? cumulated[low - 1].weight : 0;
}

void mf_atoms_histogram(const mf_atom *sorted, size_t n, size_t cells, const double *edges,
                        double *mass) {
    size_t i = 0;
    for (size_t k = 0; k < cells; ++k)
        mass[k] = 0;
    for (size_t j = 0; j < n && sorted[j].x <= edges[cells]; ++j) {
        if (sorted[j].x < edges[0])
            continue;
        while (i + 1 < cells && sorted[j].x >= edges[i + 1])
            ++i;
        mass[i] += sorted[j].weight;
    }
}

void mf_measure_sample(const mf_measure *m, mf_key key, size_t n, double *uniforms,
                       mf_atom *cumulated, size_t *index) {
    for (size_t j = 0; j < m->n; ++j)
        cumulated[j] = (mf_atom){0, mf_measure_weight(m, j)};
    mf_atoms_cumulate(cumulated, m->n);
    mf_rng_uniforms(key, 0, n, uniforms);
    for (size_t i = 0; i < n; ++i)
        index[i] = find_mass(cumulated, m->n, uniforms[i]);
}
