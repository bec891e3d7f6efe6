/* grid.c: implicit finite volumes for the diffusion in one radius (grid.h). */
#include "grid.h"

#include "core/base/block.h"

#include <float.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <string.h>

enum { DEPTH = 5, ITERATIONS_MAX = 60 };

/* Of the fixed point in the mean features, relative. */
static const double CLOSED = 1e-12;

typedef struct {
    mf_flow flow;
    mf_grid_spec spec;
    size_t n, rank;
    double d, log_area;
    double h;                            /* next step to try; 0: not yet chosen */
    int ready;                           /* m belongs to P */
    const mf_flag *stop;                 /* of the advance under way */
    double F;                            /* free energy of P, if ready */
    double *face;                        /* n + 1 */
    double *centre, *width, *log_volume; /* n: log(h A_d c^(d-1))              */
    double *log_ratio;                   /* n - 1: log(c_(i+1)/c_i)                */
    double *P, *whole, *half, *end; /* n: masses: now, after one step, after a half, two halves */
    double *psi;                    /* n: psi_lambda at the centres */
    double *tilt;                   /* n: rise of the density from centre to right face, relative */
    double *right, *left;           /* n: rates of cell i to i + 1 and to i - 1 */
    double *pivot, *rhs;            /* n: of the elimination               */
    double *m, *m_whole, *m_end;    /* rank                                */
    double *g, *next, *old_m, *old_f; /* rank: of the fixed point */
    double *dm, *df;                  /* DEPTH x rank: its history           */
    void *scratch;
} grid;

static grid *grid_of(mf_flow *flow) {
    return (grid *)(void *)flow;
}

static const grid *const_grid_of(const mf_flow *flow) {
    return (const grid *)(const void *)flow;
}

size_t mf_grid_bytes(const mf_grid_spec *spec) {
    size_t n = mf_lines(spec->cells + 1), rank = mf_lines(spec->potential->rank);
    if (spec->cells > SIZE_MAX / 1024 || rank > SIZE_MAX / 1024)
        return 0;
    return mf_lines(sizeof(grid)) + (15 * n + (7 + 2 * DEPTH) * rank) * sizeof(double) +
           mf_potential_scratch(spec->potential, spec->cells) + 64;
}

static const mf_flow_ops ops;

/* Centres, widths and volumes from the faces. */
static void set_cells(grid *z) {
    const double *face = z->face;
    for (size_t i = 0; i < z->n; ++i) {
        z->centre[i] = (face[i] + face[i + 1]) / 2;
        z->width[i] = face[i + 1] - face[i];
        z->log_volume[i] = z->log_area + log(z->width[i]) + (z->d - 1) * log(z->centre[i]);
    }
    for (size_t i = 0; i + 1 < z->n; ++i)
        z->log_ratio[i] = log(z->centre[i + 1] / z->centre[i]);
}

mf_flow *mf_grid_init(void *mem, const mf_grid_spec *spec, const double *face) {
    grid *z = mem;
    size_t n = spec->cells, rank = spec->potential->rank;
    *z = (grid){.flow = {.ops = &ops}, .spec = *spec, .n = n, .rank = rank};
    double *next = (double *)(void *)((char *)mem + mf_lines(sizeof *z));
    double **cells[] = {&z->centre, &z->width, &z->log_volume, &z->P,     &z->whole,
                        &z->half,   &z->end,   &z->psi,        &z->right, &z->left,
                        &z->pivot,  &z->rhs,   &z->log_ratio,  &z->tilt};
    double **means[] = {&z->m, &z->m_whole, &z->m_end, &z->g, &z->next, &z->old_m, &z->old_f};
    z->face = mf_take(&next, n + 1);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; ++i)
        *cells[i] = mf_take(&next, n + 1);
    for (size_t i = 0; i < sizeof means / sizeof *means; ++i)
        *means[i] = mf_take(&next, rank);
    z->dm = mf_take(&next, DEPTH * mf_lines(rank));
    z->df = mf_take(&next, DEPTH * mf_lines(rank));
    z->scratch = next;
    memset(z->face, 0, (size_t)((char *)next - (char *)z->face));
    memcpy(z->face, face, (n + 1) * sizeof *face);
    z->d = isinf(spec->beta) ? 1 : mf_potential_dimension(spec->potential, 0);
    z->log_area = log(2) + z->d / 2 * log(M_PI) - gsl_sf_lngamma(z->d / 2);
    set_cells(z);
    return &z->flow;
}

double *mf_grid_masses(mf_flow *flow) {
    grid_of(flow)->ready = 0;
    return grid_of(flow)->P;
}

const double *mf_grid_faces(const mf_flow *flow) {
    return const_grid_of(flow)->face;
}

const double *mf_grid_centres(const mf_flow *flow) {
    return const_grid_of(flow)->centre;
}

size_t mf_grid_cells(const mf_flow *flow) {
    return const_grid_of(flow)->n;
}

double mf_grid_mass(const mf_flow *flow) {
    const grid *z = const_grid_of(flow);
    double sum = 0;
    for (size_t i = 0; i < z->n; ++i)
        sum += z->P[i];
    return sum;
}

/* ---- the chain ------------------------------------------------------------------------ */

/* B(x) = x/(e^x - 1) and B(-x) = B(x) + x, by a sum of what is positive. */
static void bernoulli(double x, double *of_x, double *of_minus_x) {
    double y = fabs(x), small = y < 1e-10 ? 1 - y / 2 : y / expm1(y);
    *of_x = x < 0 ? small + y : small;
    *of_minus_x = x < 0 ? small : small + y;
}

/* psi_lambda at the centres for the mean features m. */
static mf_status set_psi(grid *z, const double *m, mf_error *err) {
    mf_potential_force(z->spec.potential, m, z->g);
    mf_status status = mf_potential_field(z->spec.potential, z->g, z->n, z->centre, z->n, z->psi,
                                          NULL, z->scratch, err);
    for (size_t i = 0; i < z->n; ++i)
        z->psi[i] += z->spec.lambda * z->centre[i] * z->centre[i] / 2;
    return status;
}

/* Tilts of the law P, relative, in [-1, 1]: along a straight line through each cell, level at an
 * extremum and nowhere so steep that it overshoots a neighbour (van Leer's central limiter).      */
static void set_tilt(grid *z, const double *P) {
    for (size_t i = 1; i + 1 < z->n; ++i) {
        double p = P[i] / z->width[i];
        double down = p - P[i - 1] / z->width[i - 1], up = P[i + 1] / z->width[i + 1] - p;
        double a = down / (z->centre[i] - z->centre[i - 1]);
        double b = up / (z->centre[i + 1] - z->centre[i]);
        double mean = (down + up) / (z->centre[i + 1] - z->centre[i - 1]);
        double slope =
                (a > 0) != (b > 0) ? 0 : copysign(fmin(fabs(mean), 2 * fmin(fabs(a), fabs(b))), a);
        z->tilt[i] = p > 0 ? fmax(-1, fmin(1, slope * z->width[i] / 2 / p)) : 0;
    }
}

/* Rates through the face between cells i and i + 1, times the cells' widths. */
static void rates(const grid *z, size_t i, double *right, double *left) {
    const double wide = 1.2; /* of c_(i+1)/c_i: beyond, log r is no longer a straight line */
    double beta = z->spec.beta, a = z->centre[i], b = z->centre[i + 1];
    double rise = z->psi[i + 1] - z->psi[i], length = z->log_ratio[i];
    if (isinf(beta)) {
        double speed = -2 * rise / (b - a);
        *right = fmax(speed, 0) * (1 + z->tilt[i]);
        *left = fmax(-speed, 0) * (1 - z->tilt[i + 1]);
    } else if (b < wide * a) {
        bernoulli(beta * rise - (z->d - 1) * length, right, left);
        *right *= 2 / (beta * (b - a));
        *left *= 2 / (beta * (b - a));
    } else { /* Scharfetter and Gummel in log r, for the density p r of log r */
        bernoulli(beta * rise - (z->d - 2) * length, right, left);
        *right *= 2 / (beta * length * a);
        *left *= 2 / (beta * length * b);
    }
}

static void set_rates(grid *z) {
    z->left[0] = z->right[z->n - 1] = 0; /* walls */
    for (size_t i = 0; i + 1 < z->n; ++i) {
        double right, left;
        rates(z, i, &right, &left);
        z->right[i] = right / z->width[i];
        z->left[i + 1] = left / z->width[i + 1];
    }
}

/* (1 - h K) out = in. Columns of 1 - h K have sum 1: with s_i = pivot_i - h right_i kept instead
 * of computed nothing is subtracted, and positive masses stay positive.                     */
static void implicit(const grid *z, double h, const double *in, double *out) {
    size_t n = z->n;
    double s = 1;
    z->pivot[0] = s + h * z->right[0];
    z->rhs[0] = in[0];
    for (size_t i = 1; i < n; ++i) {
        s = 1 + h * z->left[i] * (s / z->pivot[i - 1]);
        z->pivot[i] = s + h * z->right[i];
        z->rhs[i] = in[i] + h * z->right[i - 1] * (z->rhs[i - 1] / z->pivot[i - 1]);
    }
    out[n - 1] = z->rhs[n - 1] / z->pivot[n - 1];
    for (size_t i = n - 1; i-- > 0;)
        out[i] = (z->rhs[i] + h * z->left[i + 1] * out[i + 1]) / z->pivot[i];
}

static mf_measure view(const grid *z, const double *P) {
    return (mf_measure){z->spec.potential->space, z->n, 1, z->n, z->centre, P};
}

static mf_status mean_features(grid *z, const double *P, double *m, mf_error *err) {
    mf_measure rho = view(z, P);
    return mf_potential_mean(z->spec.potential, &rho, m, z->scratch, err);
}

/* ---- one implicit step ---------------------------------------------------------------------- */

static double norm(const double *x, size_t n) {
    double sum = 0;
    for (size_t k = 0; k < n; ++k)
        sum += x[k] * x[k];
    return sqrt(sum);
}

/* Anderson's next m from the pair (m, f), f = G(m) - m, and the history of `depth` differences:
 * m + f - sum_j gamma_j (dm_j + df_j), gamma minimising |f - sum_j gamma_j df_j|.         */
static void accelerate(const grid *z, size_t depth, double *m, const double *f) {
    double A[DEPTH * DEPTH], y[DEPTH];
    size_t rank = z->rank, row = mf_lines(rank);
    double trace = 0;
    for (size_t i = 0; i < depth; ++i) {
        y[i] = 0;
        for (size_t k = 0; k < rank; ++k)
            y[i] += z->df[i * row + k] * f[k];
        for (size_t j = 0; j <= i; ++j) {
            double sum = 0;
            for (size_t k = 0; k < rank; ++k)
                sum += z->df[i * row + k] * z->df[j * row + k];
            A[i * depth + j] = A[j * depth + i] = sum;
        }
        trace += A[i * depth + i];
    }
    for (size_t i = 0; i < depth; ++i)
        A[i * depth + i] += 1e-14 * trace;
    gsl_matrix_view M = gsl_matrix_view_array(A, depth, depth);
    gsl_vector_view v = gsl_vector_view_array(y, depth);
    bool solved = depth > 0 && trace > 0 && !gsl_linalg_cholesky_decomp1(&M.matrix) &&
                  !gsl_linalg_cholesky_svx(&M.matrix, &v.vector);
    for (size_t k = 0; k < rank; ++k) {
        m[k] += f[k];
        for (size_t j = 0; solved && j < depth; ++j)
            m[k] -= y[j] * (z->dm[j * row + k] + z->df[j * row + k]);
    }
}

/* to = the law one implicit Euler step of length h after from, psi taken at its end; m holds a
 * guess of its mean features and receives them. MF_INEXACT: no fixed point was found; MF_STOPPED.       */
static mf_status euler(grid *z, double h, const double *from, double *to, double *m,
                       mf_error *err) {
    size_t rank = z->rank, row = mf_lines(rank), depth = 0;
    set_tilt(z, from);
    for (size_t i = 0; i < ITERATIONS_MAX; ++i) {
        if (mf_flag_is_set(z->stop))
            return MF_STOPPED;
        mf_status status = set_psi(z, m, err);
        if (status < 0)
            return status;
        set_rates(z);
        implicit(z, h, from, to);
        if ((status = mean_features(z, to, z->next, err)) < 0)
            return status;
        for (size_t k = 0; k < rank; ++k)
            z->next[k] -= m[k]; /* f */
        double size = norm(z->next, rank);
        if (!isfinite(size))
            return MF_INEXACT;
        if (size <= CLOSED * (1 + norm(m, rank)))
            return MF_OK;
        if (i > 0) {
            size_t at = (i - 1) % DEPTH;
            for (size_t k = 0; k < rank; ++k) {
                z->dm[at * row + k] = m[k] - z->old_m[k];
                z->df[at * row + k] = z->next[k] - z->old_f[k];
            }
            depth = i < DEPTH ? i : DEPTH;
        }
        memcpy(z->old_m, m, rank * sizeof *m);
        memcpy(z->old_f, z->next, rank * sizeof *m);
        accelerate(z, depth, m, z->next);
    }
    return MF_INEXACT;
}

/* ---- energy ---------------------------------------------------------------------------------- */

/* F of masses P with mean features m. */
static double free_energy(const grid *z, const double *P, const double *m) {
    double sum = 0, beta = z->spec.beta;
    for (size_t i = 0; i < z->n; ++i) {
        sum += P[i] * z->spec.lambda * z->centre[i] * z->centre[i] / 2;
        if (isfinite(beta) && P[i] > 0)
            sum += P[i] * (log(P[i]) - z->log_volume[i]) / beta;
    }
    return mf_potential_risk(z->spec.potential, m) / 2 + sum;
}

static mf_status refresh(grid *z, mf_error *err) {
    if (z->ready)
        return MF_OK;
    mf_status status = mean_features(z, z->P, z->m, err);
    if (status < 0)
        return status;
    z->F = free_energy(z, z->P, z->m);
    z->ready = 1;
    return MF_OK;
}

/* ---- steps ------------------------------------------------------------------------------------ */

/* W_1 of two laws on the cells. */
static double distance(const grid *z, const double *P, const double *Q) {
    double sum = 0, between = 0;
    for (size_t i = 0; i + 1 < z->n; ++i) {
        between += P[i] - Q[i];
        sum += fabs(between) * (z->centre[i + 1] - z->centre[i]);
    }
    return sum;
}

static double mean_radius(const grid *z) {
    double sum = 0;
    for (size_t i = 0; i < z->n; ++i)
        sum += z->P[i] * z->centre[i];
    return sum;
}

/* end becomes 2 end - whole where that is a law; false if it is not. */
static bool extrapolate(grid *z) {
    for (size_t i = 0; i < z->n; ++i)
        if (2 * z->end[i] < z->whole[i])
            return false;
    for (size_t i = 0; i < z->n; ++i)
        z->whole[i] = 2 * z->end[i] - z->whole[i];
    return true;
}

/* Tries a step of length h. *distance is that between one step and two halves. MF_INEXACT: h was
 * too long for the fixed point, or the energy grew.                                         */
static mf_status try_step(grid *z, double h, double *far, mf_error *err) {
    size_t bytes = z->rank * sizeof *z->m;
    mf_status status;
    memcpy(z->m_whole, z->m, bytes);
    if ((status = euler(z, h, z->P, z->whole, z->m_whole, err)) != MF_OK)
        return status;
    for (size_t k = 0; k < z->rank; ++k)
        z->m_end[k] = (z->m[k] + z->m_whole[k]) / 2;
    if ((status = euler(z, h / 2, z->P, z->half, z->m_end, err)) != MF_OK)
        return status;
    memcpy(z->m_end, z->m_whole, bytes);
    if ((status = euler(z, h / 2, z->half, z->end, z->m_end, err)) != MF_OK)
        return status;
    *far = distance(z, z->whole, z->end);
    return MF_OK;
}

/* Takes the extrapolated law, or the halves, or none: the free energy must not grow. At rest it
 * moves by rounding, and stands still here.                                              */
static mf_status accept(grid *z, double *F, mf_error *err) {
    /* what the fixed point leaves open */
    double size = 1 + norm(z->m, z->rank), slack = 4 * CLOSED * size * size;
    if (extrapolate(z)) {
        mf_status status = mean_features(z, z->whole, z->m_whole, err);
        if (status < 0)
            return status;
        *F = free_energy(z, z->whole, z->m_whole);
        if (*F <= z->F) {
            mf_swap(&z->P, &z->whole);
            mf_swap(&z->m, &z->m_whole);
            return MF_OK;
        }
    }
    *F = free_energy(z, z->end, z->m_end);
    if (!(*F <= z->F + slack))
        return MF_INEXACT;
    *F = fmin(*F, z->F);
    mf_swap(&z->P, &z->end);
    mf_swap(&z->m, &z->m_end);
    return MF_OK;
}

static double first_step(const grid *z) {
    double finest = HUGE_VAL;
    for (size_t i = 0; i < z->n; ++i)
        finest = fmin(finest, z->width[i]);
    return 1e-2 * finest; /* a force of order 1 moves mass by a hundredth of a cell */
}

static mf_status advance(mf_flow *flow, double goal, uint64_t steps, const mf_flag *stop,
                         mf_error *err) {
    grid *z = grid_of(flow);
    z->stop = stop;
    while (z->flow.clock < goal && steps > 0) {
        mf_status status = refresh(z, err);
        if (status < 0)
            return status;
        if (z->h == 0)
            z->h = first_step(z);
        double left = goal - z->flow.clock, h = z->h, far = 0, F = z->F;
        bool last = h >= left * (1 - 1e-12);
        h = last ? left : 2 * h > left ? left / 2 : h;
        if ((status = try_step(z, h, &far, err)) < 0 || status == MF_STOPPED)
            return status;
        double e = far / (z->spec.tol * (1 + mean_radius(z)));
        if (status == MF_OK && e <= 1)
            status = accept(z, &F, err);
        else
            status = MF_INEXACT;
        if (status < 0)
            return status;
        double factor = e > 0 ? 0.9 / sqrt(e) : 5;
        if (status == MF_INEXACT) {
            z->h = h * (e > 1 ? fmax(0.1, fmin(0.9, factor)) : 0.25);
            if (z->h < 1e-15 * goal)
                return mf_fail(err, MF_EDIVERGED,
                               "diverged at clock int xi = %g: no step is small enough",
                               z->flow.clock);
            continue;
        }
        z->F = F;
        z->flow.error += far;
        z->flow.clock = last ? goal : z->flow.clock + h;
        ++z->flow.steps;
        --steps;
        double grown = h * fmin(5, factor);
        z->h = last || h < z->h ? fmax(z->h, grown) : grown;
    }
    return MF_OK;
}

/* ---- what is seen from outside ---------------------------------------------------------------- */

/* Mass in the last cell may have wanted to go on: it is counted as lost over the whole range. */
static double error_of(const mf_flow *flow) {
    const grid *z = const_grid_of(flow);
    return z->flow.error + z->P[z->n - 1] * z->face[z->n];
}

static mf_status risk(mf_flow *flow, double *out, mf_error *err) {
    grid *z = grid_of(flow);
    mf_status status = refresh(z, err);
    if (status >= 0)
        *out = mf_potential_risk(z->spec.potential, z->m);
    return status;
}

mf_status mf_grid_free_energy(mf_flow *flow, double *F, mf_error *err) {
    grid *z = grid_of(flow);
    mf_status status = refresh(z, err);
    if (status >= 0)
        *F = z->F;
    return status;
}

/* -dF/dtau: the sum over faces of the flux times the fall of psi_lambda + (1/beta) log(p/r^(d-1)). */
static mf_status dissipation(mf_flow *flow, double *rate, mf_error *err) {
    grid *z = grid_of(flow);
    mf_status status = refresh(z, err);
    if (status >= 0)
        status = set_psi(z, z->m, err);
    if (status < 0)
        return status;
    set_tilt(z, z->P);
    set_rates(z);
    double sum = 0, beta = z->spec.beta;
    for (size_t i = 0; i + 1 < z->n; ++i) {
        double flux = z->right[i] * z->P[i] - z->left[i + 1] * z->P[i + 1];
        double fall = z->psi[i] - z->psi[i + 1];
        if (!(fabs(flux) > 1e-290))
            continue;       /* of masses that are at the end of what numbers can hold */
        if (isfinite(beta)) /* infinite beside an empty cell */
            fall += (log(z->P[i]) - z->log_volume[i] - log(z->P[i + 1]) + z->log_volume[i + 1]) /
                    beta;
        sum += flux * fall;
    }
    *rate = sum;
    return MF_OK;
}

static mf_measure measure(const mf_flow *flow) {
    return view(const_grid_of(flow), const_grid_of(flow)->P);
}

/* ---- files ------------------------------------------------------------------------------------- */

/* m and F are where the next step's fixed point starts and what its energy is compared with: those
 * of the step before, and not of the masses to the last bit.                               */
static void save(const mf_flow *flow, mf_fields_writer *to) {
    const grid *z = const_grid_of(flow);
    mf_fields_doubles(to, "faces", z->n + 1, z->face);
    mf_fields_double(to, "h", z->h);
    mf_fields_integer(to, "ready", z->ready);
    if (!z->ready)
        return;
    mf_fields_double(to, "F", z->F);
    mf_fields_doubles(to, "m", z->rank, z->m);
}

/* The law's masses are the cells'; the faces are those of the law that the run began with. */
static mf_status load(mf_flow *flow, mf_fields *from, mf_error *err) {
    grid *z = grid_of(flow);
    const double *face = mf_fields_find(from, "faces", z->n + 1, 1);
    const double *P = mf_fields_find(from, "weight", z->n, 1);
    const double *centre = mf_fields_find(from, "theta", 1, z->n);
    double h = mf_fields_number(from, "h", 0, HUGE_VAL);
    bool ready = mf_fields_flag(from, "ready");
    double F = ready ? mf_fields_number(from, "F", -0x1p1023, 0x1p1023) : 0;
    const double *m = ready ? mf_fields_find(from, "m", z->rank, 1) : NULL;
    (void)err;
    for (size_t i = 0; face && centre && i < z->n; ++i)
        mf_fields_require(from, "faces",
                          face[0] == 0 && face[i + 1] > face[i] &&
                                  centre[i] == (face[i] + face[i + 1]) / 2);
    if (from->status >= 0) /* the wall is where the options have it */
        mf_fields_require(from, "faces", fabs(face[z->n] - z->face[z->n]) <= 1e-9 * face[z->n]);
    if (from->status < 0)
        return from->status;
    memcpy(z->face, face, (z->n + 1) * sizeof *face);
    memcpy(z->P, P, z->n * sizeof *P);
    set_cells(z);
    z->h = h;
    z->F = F;
    if (m) {
        double size = 1 + norm(m, z->rank), own = free_energy(z, P, m);
        mf_fields_require(from, "F", /* up to rounding */
                          fabs(F - own) <= 1e-9 * (size * size + fabs(own)));
        memcpy(z->m, m, z->rank * sizeof *m);
    }
    z->ready = ready;
    return from->status;
}

static const mf_flow_ops ops = {.name = "grid",
                                .advance = advance,
                                .risk = risk,
                                .dissipation = dissipation,
                                .error = error_of,
                                .measure = measure,
                                .save = save,
                                .load = load};

/* ---- the mesh ----------------------------------------------------------------------------------- */

/* Faces at equal steps of (r/rmax + cdf(r))/2, by bisection. */
mf_status mf_grid_mesh(size_t cells, double rmax, double (*cdf)(const void *context, double r),
                       const void *context, double *face, const mf_flag *stop, mf_error *err) {
    face[0] = 0;
    face[cells] = rmax;
    double scale = (1 + cdf(context, rmax)) / 2, least = 1e-3 * rmax / (double)cells;
    for (size_t i = 1; i < cells; ++i) {
        double goal = scale * (double)i / (double)cells, low = face[i - 1], high = rmax;
        if (i % 256 == 0 && mf_flag_is_set(stop))
            return mf_poll(stop, err);
        for (int k = 0; k < 60 && high - low > 1e-14 * rmax; ++k) {
            double mid = (low + high) / 2;
            if ((mid / rmax + cdf(context, mid)) / 2 < goal)
                low = mid;
            else
                high = mid;
        }
        face[i] = fmax((low + high) / 2, face[i - 1] + least);
    }
    /* where all mass is in one place cells would have no width: with the least one the last faces
     * may lie beyond rmax, by a thousandth of it                                             */
    double beyond = fmax(1, (face[cells - 1] + least) / rmax);
    for (size_t i = 1; i < cells; ++i)
        face[i] /= beyond;
    return MF_OK;
}
