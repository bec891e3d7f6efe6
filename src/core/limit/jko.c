/* jko.c: minimising movements of sorted particles (jko.h). */
#include "jko.h"

#include "core/base/blas.h"
#include "core/base/block.h"

#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

enum { NEWTON_MAX = 200, HALVINGS_MAX = 60 };

/* Of the Newton step, relative to 1 + |x|; and of Phi, what rounding leaves. */
static const double CLOSED = 1e-12, NOISE = 1e-14;

typedef struct {
    mf_flow flow;
    mf_jko_spec spec;
    size_t rank;
    int ready;                    /* m and force belong to y                     */
    double *y, *x, *trial;        /* J: before the step, Newton's iterate, a try */
    double *force, *slope, *grad; /* J: Psi' at y, at x; J grad Phi              */
    double *step, *diagonal, *to; /* J: Newton's step, 2 Psi'' + 1/tau, a shifted x */
    double *A, *F;                /* rank x J: f' over the root of the diagonal; features    */
    double *m, *m_x, *m_try, *g;  /* rank                                        */
    double *K, *z;                /* rank x rank, rank: Woodbury's system         */
    void *scratch;
} jko;

size_t mf_jko_bytes(const mf_jko_spec *spec) {
    size_t rank = spec->potential->rank, J = spec->J;
    if (!mf_blas_fits(J) || !mf_blas_fits(rank) || J > SIZE_MAX / 64 / 8 / (2 * rank + 16) ||
        rank > SIZE_MAX / 64 / 8 / (rank + 1))
        return 0;
    size_t numbers =
            9 * mf_lines(J) + 2 * mf_lines(rank * J) + 5 * mf_lines(rank) + mf_lines(rank * rank);
    return mf_lines(sizeof(jko)) + numbers * sizeof(double) +
           mf_potential_scratch(spec->potential, J) + 64;
}

static const mf_flow_ops ops;

mf_flow *mf_jko_init(void *mem, const mf_jko_spec *spec) {
    jko *run = mem;
    size_t J = spec->J, rank = spec->potential->rank;
    *run = (jko){.flow = {.ops = &ops}, .spec = *spec, .rank = rank};
    double *next = (double *)(void *)((char *)mem + mf_lines(sizeof *run));
    double **atoms[] = {&run->y,    &run->x,    &run->trial,    &run->force, &run->slope,
                        &run->grad, &run->step, &run->diagonal, &run->to};
    double **means[] = {&run->m, &run->m_x, &run->m_try, &run->g, &run->z};
    for (size_t i = 0; i < sizeof atoms / sizeof *atoms; ++i)
        *atoms[i] = mf_take(&next, J);
    for (size_t i = 0; i < sizeof means / sizeof *means; ++i)
        *means[i] = mf_take(&next, rank);
    run->A = mf_take(&next, rank * J);
    run->F = mf_take(&next, rank * J);
    run->K = mf_take(&next, rank * rank);
    run->scratch = next;
    memset(run->y, 0, (size_t)((char *)next - (char *)run->y));
    return &run->flow;
}

static jko *run_of(mf_flow *flow) {
    return (jko *)(void *)flow;
}

static const jko *const_run_of(const mf_flow *flow) {
    return (const jko *)(const void *)flow;
}

double *mf_jko_atoms(mf_flow *flow) {
    run_of(flow)->ready = 0;
    return run_of(flow)->y;
}

static mf_measure law(const jko *run, const double *x) {
    return (mf_measure){run->spec.potential->space, run->spec.J, 1, run->spec.J, x, NULL};
}

static bool has_wall(const jko *run) {
    return mf_is_radius(run->spec.potential, 0);
}

/* ---- Phi and its derivatives --------------------------------------------------------------- */

/* Mean features m and the risk at x. */
static mf_status risk_at(jko *run, const double *x, double *m, double *risk, mf_error *err) {
    mf_measure rho = law(run, x);
    mf_status status = mf_potential_mean(run->spec.potential, &rho, m, run->scratch, err);
    if (status >= 0)
        *risk = mf_potential_risk(run->spec.potential, m);
    return status;
}

/* <g, f>' at x. */
static mf_status slope_at(jko *run, const double *x, double *slope, mf_error *err) {
    return mf_potential_field(run->spec.potential, run->g, run->spec.J, x, run->spec.J, NULL, slope,
                              run->scratch, err);
}

static mf_status refresh(jko *run, mf_error *err) {
    double risk;
    mf_status status = run->ready ? MF_OK : risk_at(run, run->y, run->m, &risk, err);
    if (run->ready || status < 0)
        return status;
    mf_potential_force(run->spec.potential, run->m, run->g);
    status = slope_at(run, run->y, run->force, err);
    run->ready = status >= 0;
    return status;
}

static double mean_square(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t j = 0; j < n; ++j)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum / (double)n;
}

/* Whether particle j rests at the wall, and takes no part in Newton's step. */
static bool is_held(const jko *run, size_t j) {
    return has_wall(run) && run->x[j] == 0 && run->grad[j] >= 0;
}

/* J grad Phi at x for a step of length h. */
static mf_status gradient(jko *run, double h, mf_error *err) {
    mf_potential_force(run->spec.potential, run->m_x, run->g);
    mf_status status = slope_at(run, run->x, run->slope, err);
    for (size_t j = 0; j < run->spec.J; ++j)
        run->grad[j] = 2 * run->slope[j] + (run->x[j] - run->y[j]) / h;
    return status;
}

/* 2 Psi'' + 1/h, kept positive, and f' (for another loss M^(1/2) f', M = dg/dm) over its root: by central differences of what is exact, which
 * bends Newton's step by a part in 10^8 and not the point that it comes to.                  */
static mf_status hessian(jko *run, double h, mf_error *err) {
    const double shift = 1e-5;
    size_t J = run->spec.J, rank = run->rank;
    const mf_potential *pot = run->spec.potential;
    double *sign[2] = {run->A, run->F}, *slope[2] = {run->step, run->diagonal};
    for (int s = 0; s < 2; ++s) {
        for (size_t j = 0; j < J; ++j) {
            double to = run->x[j] + (s ? 1 : -1) * shift * (1 + fabs(run->x[j]));
            run->to[j] = has_wall(run) && to < 0 ? 0 : to;
        }
        mf_status status = mf_potential_features(pot, J, run->to, J, sign[s], J, err);
        if (status < 0 || (status = slope_at(run, run->to, slope[s], err)) < 0)
            return status;
    }
    for (size_t k = 0; k < rank; ++k)
        run->z[k] = 1;
    mf_potential_bend(pot, run->m_x, run->z, run->z);
    for (size_t j = 0; j < J; ++j) {
        double spread = shift * (1 + fabs(run->x[j]));
        double width = spread + (has_wall(run) ? fmin(run->x[j], spread) : spread);
        double bend = 2 * (run->diagonal[j] - run->step[j]) / width + 1 / h;
        run->diagonal[j] = fmax(bend, 0.1 / h);
        double scale = is_held(run, j) ? 0 : 1 / (width * sqrt(run->diagonal[j]));
        for (size_t k = 0; k < rank; ++k)
            run->A[k * J + j] =
                    (run->F[k * J + j] - run->A[k * J + j]) * scale * sqrt(fmax(run->z[k], 0));
    }
    return MF_OK;
}

/* step = -(D + (2/J) f' f'^T)^-1 grad over the free particles, by Woodbury:
 * D^(1/2) step = -(w - A^T (J/2 + A A^T)^-1 A w), w = D^(-1/2) grad.                          */
static mf_status newton_step(jko *run, mf_error *err) {
    size_t J = run->spec.J, rank = run->rank;
    double *w = run->step;
    for (size_t j = 0; j < J; ++j)
        w[j] = is_held(run, j) ? 0 : run->grad[j] / sqrt(run->diagonal[j]);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)rank, (int)J, 1, run->A, (int)J, 0,
                run->K, (int)rank);
    for (size_t k = 0; k < rank; ++k)
        run->K[k * rank + k] += (double)J / 2;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)rank, (int)J, 1, run->A, (int)J, w, 1, 0, run->z,
                1);
    gsl_matrix_view K = gsl_matrix_view_array(run->K, rank, rank);
    gsl_vector_view z = gsl_vector_view_array(run->z, rank);
    if (gsl_linalg_cholesky_decomp1(&K.matrix) || gsl_linalg_cholesky_svx(&K.matrix, &z.vector))
        return mf_fail(err, MF_ELIBRARY, "the Hessian of a step is not definite");
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)rank, (int)J, -1, run->A, (int)J, run->z, 1, 1, w,
                1);
    for (size_t j = 0; j < J; ++j)
        run->step[j] = -w[j] / sqrt(run->diagonal[j]);
    return MF_OK;
}

/* ---- one step ------------------------------------------------------------------------------- */

/* trial = x + share step, within the domain; returns the fall of Phi that its slope promises. */
static double move(jko *run, double share) {
    double fall = 0;
    for (size_t j = 0; j < run->spec.J; ++j) {
        double to = run->x[j] + share * run->step[j];
        run->trial[j] = has_wall(run) && to < 0 ? 0 : to;
        fall -= run->grad[j] * (run->trial[j] - run->x[j]);
    }
    return fall / (double)run->spec.J;
}

/* Goes down along `step` to a smaller Phi. *moved is the root mean square way; 0: there is none,
 * Phi is as small as rounding lets it be.                                                  */
static mf_status descend(jko *run, double h, double *phi, double *moved, mf_error *err) {
    *moved = 0;
    double share = 1;
    for (int i = 0; i < HALVINGS_MAX; ++i, share /= 2) {
        double fall = move(run, share), risk = NAN;
        mf_status status = risk_at(run, run->trial, run->m_try, &risk, err);
        if (status < 0)
            return status;
        double next = risk + mean_square(run->trial, run->y, run->spec.J) / (2 * h);
        double noise = NOISE * (1 + fabs(*phi));
        if (next <= *phi - 1e-4 * fall || (fall >= 0 && fall < noise && next <= *phi + noise)) {
            *moved = sqrt(mean_square(run->trial, run->x, run->spec.J));
            *phi = next;
            mf_swap(&run->x, &run->trial);
            mf_swap(&run->m_x, &run->m_try);
            return MF_OK;
        }
        if (fall < noise)
            return MF_OK;
    }
    return MF_OK;
}

/* Particles that have passed one another (after a long step) change names: R stays, and the way
 * from y, which is sorted, becomes shorter.                                                */
static mf_status sort(jko *run, double h, double *phi, mf_error *err) {
    size_t J = run->spec.J, j = 1;
    double risk = NAN;
    while (j < J && run->x[j - 1] <= run->x[j])
        ++j;
    if (j >= J)
        return MF_OK;
    gsl_sort(run->x, 1, J);
    mf_status status = risk_at(run, run->x, run->m_x, &risk, err);
    *phi = risk + mean_square(run->x, run->y, J) / (2 * h);
    return status;
}

/* x = the end of a step of length h from y, with mean features m_x. */
static mf_status minimise(jko *run, double h, double *risk, const mf_flag *stop, mf_error *err) {
    size_t J = run->spec.J;
    double phi = mf_potential_risk(run->spec.potential, run->m), moved = HUGE_VAL;
    memcpy(run->x, run->y, J * sizeof *run->x);
    memcpy(run->m_x, run->m, run->rank * sizeof *run->m);
    for (int i = 0; i < NEWTON_MAX; ++i) {
        mf_status status;
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        if ((status = gradient(run, h, err)) < 0 || (status = hessian(run, h, err)) < 0 ||
            (status = newton_step(run, err)) < 0 ||
            (status = descend(run, h, &phi, &moved, err)) < 0 ||
            (status = sort(run, h, &phi, err)) < 0)
            return status;
        double size = 0;
        for (size_t j = 0; j < J; ++j)
            size = fmax(size, fabs(run->x[j]));
        if (moved <= CLOSED * (1 + size)) {
            *risk = phi - mean_square(run->x, run->y, J) / (2 * h);
            return MF_OK;
        }
        if (!isfinite(phi))
            break;
    }
    return mf_fail(err, MF_EDIVERGED,
                   "no minimum of Eq. 10 was found at clock int xi = %g; a "
                   "smaller tau makes it convex",
                   run->flow.clock);
}

/* W_2 that the step adds: half of h times the change of the velocity. */
static double error_of_step(const jko *run, double h) {
    double sum = 0;
    for (size_t j = 0; j < run->spec.J; ++j) {
        double before =
                has_wall(run) && run->y[j] == 0 ? fmax(-2 * run->force[j], 0) : -2 * run->force[j];
        double change = (run->x[j] - run->y[j]) / h - before;
        sum += change * change;
    }
    return h / 2 * sqrt(sum / (double)run->spec.J);
}

static mf_status advance(mf_flow *flow, double goal, uint64_t steps, const mf_flag *stop,
                         mf_error *err) {
    jko *run = run_of(flow);
    while (run->flow.clock < goal && steps-- > 0) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        double left = goal - run->flow.clock, h = run->spec.tau, risk = NAN;
        bool last = h >= left * (1 - 1e-12);
        h = left < h * (1 - 1e-12) ? left
                                   : h; /* whole steps have the same bits however t is rounded */
        mf_status status = refresh(run, err);
        if (status < 0 || (status = minimise(run, h, &risk, stop, err)) != MF_OK)
            return status;
        run->flow.error += error_of_step(run, h);
        if (risk <= mf_potential_risk(run->spec.potential, run->m)) { /* else: at rest */
            mf_swap(&run->y, &run->x);
            run->ready = 0;
        }
        run->flow.clock = last ? goal : run->flow.clock + h;
        ++run->flow.steps;
    }
    return MF_OK;
}

/* ---- what is seen from outside ---------------------------------------------------------------- */

static mf_status risk(mf_flow *flow, double *out, mf_error *err) {
    jko *run = run_of(flow);
    mf_status status = refresh(run, err);
    if (status >= 0)
        *out = mf_potential_risk(run->spec.potential, run->m);
    return status;
}

/* 4 int |Psi'|^2 d rho without what the wall holds. */
static mf_status dissipation(mf_flow *flow, double *rate, mf_error *err) {
    jko *run = run_of(flow);
    mf_status status = refresh(run, err);
    double sum = 0;
    for (size_t j = 0; status >= 0 && j < run->spec.J; ++j)
        if (!(has_wall(run) && run->y[j] == 0 && run->force[j] > 0))
            sum += 4 * run->force[j] * run->force[j];
    *rate = sum / (double)run->spec.J;
    return status;
}

static mf_measure measure(const mf_flow *flow) {
    return law(const_run_of(flow), const_run_of(flow)->y);
}

/* ---- files ------------------------------------------------------------------------------------- */

/* The particles are all of the state. */
static void save(const mf_flow *flow, mf_fields_writer *to) {
    (void)flow;
    (void)to;
}

static mf_status load(mf_flow *flow, mf_fields *from, mf_error *err) {
    jko *run = run_of(flow);
    const double *y = mf_fields_find(from, "theta", 1, run->spec.J);
    (void)err;
    for (size_t j = 1; y && j < run->spec.J; ++j)
        mf_fields_require(from, "theta", y[j] >= y[j - 1]);
    mf_fields_require(from, "weight", !mf_fields_has(from, "weight"));
    if (from->status >= 0)
        memcpy(run->y, y, run->spec.J * sizeof *y);
    run->ready = 0;
    return from->status;
}

static const mf_flow_ops ops = {.name = "jko",
                                .advance = advance,
                                .risk = risk,
                                .dissipation = dissipation,
                                .measure = measure,
                                .save = save,
                                .load = load};
