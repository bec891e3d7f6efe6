/* weights.c: Newton's method for weights on the simplex. */
#include "weights.h"

#include <float.h>
#include <gsl/gsl_cblas.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

enum { STEPS_MAX = 200, HALVINGS_MAX = 40 };

typedef struct {
    const mf_potential *pot;
    size_t n, rank;
    const double *f;         /* n x rank                                           */
    double *w, *z, *psi;     /* n: weights, step, <g, f_i>                          */
    double *trial, *m, *g;   /* n, rank, rank                                      */
    double *rows, *H, *free; /* n x rank, n x n, n: 1 where the weight takes part  */
} problem;

size_t mf_best_weights_scratch(size_t n, size_t rank) {
    return 4 * n + 2 * rank + n * rank + n * n;
}

static double risk_at(const problem *p, const double *w) {
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)p->n, (int)p->rank, 1, p->f, (int)p->rank, w, 1, 0,
                p->m, 1);
    return mf_potential_risk(p->pot, p->m);
}

/* psi_i, and which weights take part: all that are not 0, and those that would gain. */
static void look(const problem *p) {
    mf_potential_force(p->pot, p->m, p->g);
    double level = cblas_ddot((int)p->rank, p->g, 1, p->m, 1);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)p->n, (int)p->rank, 1, p->f, (int)p->rank, p->g,
                1, 0, p->psi, 1);
    for (size_t i = 0; i < p->n; ++i)
        p->free[i] = p->w[i] > 0 || p->psi[i] < level;
}

/* Rows sqrt(M) (f_i - f_base). */
static void set_rows(const problem *p, size_t base) {
    for (size_t k = 0; k < p->rank; ++k)
        p->g[k] = 1;
    mf_potential_bend(p->pot, p->m, p->g, p->g);
    for (size_t i = 0; i < p->n; ++i)
        for (size_t k = 0; k < p->rank; ++k)
            p->rows[i * p->rank + k] =
                    sqrt(fmax(p->g[k], 0)) * (p->f[i * p->rank + k] - p->f[base * p->rank + k]);
}

/* sum_i |f_i - f_base|^2. */
static double spread_of(const problem *p, size_t base) {
    double sum = DBL_MIN;
    for (size_t i = 0; i < p->n; ++i)
        for (size_t k = 0; k < p->rank; ++k) {
            double change = p->f[i * p->rank + k] - p->f[base * p->rank + k];
            sum += change * change;
        }
    return sum;
}

/* z = -(H + ridge)^-1 (psi - psi_base) on the free weights but the base, whose z is minus the sum. */
static void solve(const problem *p, size_t base) {
    size_t n = p->n;
    const double size = spread_of(p, base); /* of H where l bends; a loss may have straight parts */
    gsl_matrix_view H = gsl_matrix_view_array(p->H, n, n);
    gsl_vector_view z = gsl_vector_view_array(p->z, n);
    for (double ridge = 1e-15 * size;; ridge *= 100) {
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)n, (int)p->rank, 1, p->rows,
                    (int)p->rank, 0, p->H, (int)n);
        for (size_t i = 0; i < n; ++i) {
            bool out = p->free[i] == 0 || i == base;
            for (size_t j = 0; j < n; ++j)
                if (out || p->free[j] == 0 || j == base)
                    p->H[i * n + j] = i == j;
            p->H[i * n + i] += out ? 0 : ridge;
            p->z[i] = out ? 0 : p->psi[base] - p->psi[i];
        }
        if (!gsl_linalg_cholesky_decomp1(&H.matrix) &&
            !gsl_linalg_cholesky_svx(&H.matrix, &z.vector))
            break;
        if (!(ridge < size)) {
            memset(p->z, 0, n * sizeof *p->z);
            break;
        }
    }
    for (size_t i = 0; i < n; ++i) /* z[base] was 0 */
        p->z[base] -= i == base ? 0 : p->z[i];
}

/* Newton's direction; weights at 0 that it would make negative are left out. False: none. */
static bool direction(const problem *p) {
    size_t base = cblas_idamax((int)p->n, p->w, 1);
    set_rows(p, base);
    for (bool again = true; again;) {
        solve(p, base);
        again = false;
        for (size_t i = 0; i < p->n; ++i)
            if (p->w[i] == 0 && p->z[i] < 0) {
                p->free[i] = 0;
                again = true;
            }
    }
    return cblas_dasum((int)p->n, p->z, 1) > 0;
}

/* The longest step that keeps every weight >= 0, at most 1; *first comes to 0 there. */
static double longest(const problem *p, size_t *first) {
    double step = 1;
    *first = p->n;
    for (size_t i = 0; i < p->n; ++i)
        if (p->z[i] < 0 && -step * p->z[i] > p->w[i]) {
            step = -p->w[i] / p->z[i];
            *first = i;
        }
    return step;
}

/* One step down. False: R falls no further. */
static bool descend(const problem *p, double *risk) {
    size_t first, base = cblas_idamax((int)p->n, p->w, 1);
    double step = longest(p, &first), slope = 0;
    for (size_t i = 0; i < p->n; ++i)
        slope += 2 * p->z[i] * (p->psi[i] - p->psi[base]);
    if (!(slope < 0))
        return false;
    for (int k = 0; k < HALVINGS_MAX; ++k, step /= 2) {
        for (size_t i = 0; i < p->n; ++i)
            p->trial[i] = i == first && k == 0 ? 0 : fmax(p->w[i] + step * p->z[i], 0);
        double next = risk_at(p, p->trial);
        if (next <= *risk + 1e-4 * step * slope && next < *risk) {
            memcpy(p->w, p->trial, p->n * sizeof *p->w);
            *risk = next;
            return true;
        }
    }
    return false;
}

void mf_best_weights(const mf_potential *pot, size_t n, const double *f, double *w,
                     double *scratch) {
    problem p = {.pot = pot, .n = n, .rank = pot->rank, .f = f, .w = w};
    p.z = scratch, p.psi = p.z + n, p.trial = p.psi + n, p.free = p.trial + n;
    p.m = p.free + n, p.g = p.m + p.rank, p.rows = p.g + p.rank, p.H = p.rows + n * p.rank;
    double risk = risk_at(&p, w);
    for (int i = 0; i < STEPS_MAX; ++i) {
        look(&p);
        if (!direction(&p) || !descend(&p, &risk))
            break;
    }
    double sum = 0; /* rounding */
    for (size_t i = 0; i < n; ++i)
        sum += w[i];
    for (size_t i = 0; i < n; ++i)
        w[i] /= sum;
}
