/* loss.c: losses, their slopes and curvatures; tables of custom ones. */
#include "loss.h"

#include "dataset.h"

#include "core/base/chebyshev.h"

#include <math.h>
#include <string.h>

const char *const mf_loss_names[] = {"square", "logistic", "huber", "hinge", "custom", NULL};
const char *const mf_loss_form_names[] = {"residual", "margin", "labels", NULL};

enum { TERMS = MF_TABLE_DEGREE + 1, LOOKS = 65 };

/* l and its derivatives in f; each may be NULL. */
typedef struct {
    double value, slope, curvature;
} triple;

/* ---- custom: one part ------------------------------------------------------------------------ */

typedef struct {
    const mf_loss_part *part;
    const double *edge, *coef, *phi;
} view;

static view view_of(const mf_loss_table *table, size_t index) {
    const double *data = table->data;
    for (size_t i = 0; i < index; ++i)
        data += mf_loss_part_doubles(table->part[i].panels);
    size_t panels = table->part[index].panels;
    return (view){table->part + index, data, data + panels + 1, data + panels + 1 + panels * TERMS};
}

/* int_-1^t sum c_k T_k. */
static double integral(const double *c, double t) {
    double b[TERMS + 1] = {0}, start = 0;
    for (size_t k = 1; k <= TERMS; ++k) {
        double above = k + 1 < TERMS ? c[k + 1] : 0;
        b[k] = ((k == 1 ? 2 * c[0] : c[k - 1]) - above) / (2 * (double)k);
        start += k % 2 ? -b[k] : b[k];
    }
    return mf_chebyshev_sum(TERMS + 1, b, t) - start;
}

/* Beyond an edge: phi' = slope u + offset. */
static triple beyond(double slope, double offset, double edge, double phi, double u) {
    return (triple){.value = phi + (u - edge) * (offset + slope * (u + edge) / 2),
                    .slope = slope == 0 ? offset : slope * u + offset,
                    .curvature = slope};
}

static triple look_up(view v, double u) {
    size_t n = v.part->panels, low = 0, high = n;
    const mf_activation_tails *tails = &v.part->tails;
    if (!(u >= v.edge[0]))
        return beyond(tails->slope_left, tails->offset_left, v.edge[0], v.phi[0], u);
    if (u >= v.edge[n])
        return beyond(tails->slope_right, tails->offset_right, v.edge[n], v.phi[n], u);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(u >= v.edge[middle] ? &low : &high) = middle;
    }
    double from = v.edge[low], half = (v.edge[low + 1] - from) / 2, first;
    double t = (u - from) / half - 1,
           slope = mf_chebyshev_slope(TERMS, v.coef + low * TERMS, t, &first);
    return (triple){v.phi[low] + half * integral(v.coef + low * TERMS, t), slope, first / half};
}

static triple custom(const mf_loss_table *table, double y, double f) {
    size_t part = 0;
    triple at;
    switch (table->form) {
    case MF_LOSS_OF_RESIDUAL:
        return look_up(view_of(table, 0), f - y);
    case MF_LOSS_OF_MARGIN:
        at = look_up(view_of(table, 0), y * f);
        return (triple){at.value, y * at.slope, y * y * at.curvature};
    case MF_LOSS_OF_LABEL:
        while (part + 1 < table->parts && table->part[part].label != y)
            ++part;
    }
    return look_up(view_of(table, part), f);
}

/* ---- all kinds ----------------------------------------------------------------------------------- */

static triple logistic(double y, double f) {
    double z = y * f, e = exp(-fabs(z)), share = (z > 0 ? e : 1) / (1 + e); /* 1/(1 + exp(z)) */
    return (triple){log1p(e) + fmax(-z, 0), -y * share, y * y * e / ((1 + e) * (1 + e))};
}

static triple huber(double delta, double y, double f) {
    double u = f - y;
    if (fabs(u) <= delta)
        return (triple){u * u, 2 * u, 2};
    return (triple){delta * (2 * fabs(u) - delta), copysign(2 * delta, u), 0};
}

static triple hinge(double h, double y, double f) {
    double u = 1 - y * f;
    if (u <= 0)
        return (triple){0, 0, 0};
    if (u < h)
        return (triple){u * u / (2 * h), -y * u / h, y * y / h};
    return (triple){u - h / 2, -y, 0};
}

static triple evaluate(const mf_loss *loss, double y, double f) {
    switch (loss->kind) {
    case MF_LOSS_LOGISTIC:
        return logistic(y, f);
    case MF_LOSS_HUBER:
        return huber(loss->parameter, y, f);
    case MF_LOSS_HINGE:
        return hinge(loss->parameter, y, f);
    case MF_LOSS_CUSTOM:
        return custom(loss->table, y, f);
    case MF_LOSS_SQUARE:
        break;
    }
    return (triple){(y - f) * (y - f), 2 * (f - y), 2};
}

double mf_loss_value(const mf_loss *loss, double y, double f) {
    return evaluate(loss, y, f).value;
}

double mf_loss_slope(const mf_loss *loss, double y, double f) {
    return evaluate(loss, y, f).slope;
}

double mf_loss_curvature(const mf_loss *loss, double y, double f) {
    return evaluate(loss, y, f).curvature;
}

bool mf_loss_is_convex(const mf_loss *loss) {
    return loss->kind != MF_LOSS_CUSTOM || loss->table->convex;
}

double mf_loss_error(const mf_loss *loss) {
    return loss->kind == MF_LOSS_CUSTOM ? loss->table->error : 0;
}

const char *mf_loss_name(const mf_loss *loss) {
    static const char *const names[] = {[MF_LOSS_SQUARE] = "square",
                                        [MF_LOSS_LOGISTIC] = "logistic",
                                        [MF_LOSS_HUBER] = "huber",
                                        [MF_LOSS_HINGE] = "hinge",
                                        [MF_LOSS_CUSTOM] = "custom"};
    return names[loss->kind];
}

/* ---- labels ------------------------------------------------------------------------------------------ */

static bool knows(const mf_loss *loss, double y) {
    if (loss->kind == MF_LOSS_LOGISTIC || loss->kind == MF_LOSS_HINGE)
        return y == 1 || y == -1;
    if (loss->kind != MF_LOSS_CUSTOM || loss->table->form != MF_LOSS_OF_LABEL)
        return isfinite(y);
    for (size_t i = 0; i < loss->table->parts; ++i)
        if (loss->table->part[i].label == y)
            return true;
    return false;
}

mf_status mf_loss_check(const mf_loss *loss, size_t n, const double *y, mf_error *err) {
    for (size_t k = 0; k < n; ++k)
        if (!mf_loss_is_square(loss) && !knows(loss, y[k]))
            return mf_fail(err, MF_EDOMAIN, "an example has y = %g, and the %s loss takes %s", y[k],
                           mf_loss_name(loss),
                           loss->kind == MF_LOSS_CUSTOM  ? "its option 'labels'"
                           : loss->kind == MF_LOSS_HUBER ? "finite y"
                                                         : "y = 1 and y = -1");
    return MF_OK;
}

mf_status mf_loss_check_law(const mf_loss *loss, const mf_distribution *law, mf_error *err) {
    mf_status status = MF_OK;
    size_t n = law->ops->components ? law->ops->components(law) : 0;
    for (size_t c = 0; c < n && status >= 0; ++c) {
        double y = law->ops->component(law, c).label;
        status = mf_loss_check(loss, 1, &y, err);
    }
    if (law->examples)
        status = mf_loss_check(loss, law->examples->n, law->examples->y, err);
    return status;
}

/* ---- making tables --------------------------------------------------------------------------------------- */

size_t mf_loss_table_bytes(size_t parts, const mf_loss_part *part) {
    size_t n = 0;
    for (size_t i = 0; i < parts; ++i)
        n += mf_loss_part_doubles(part[i].panels);
    return sizeof(mf_loss_table) + n * sizeof(double);
}

size_t mf_loss_bytes(const mf_loss *loss) {
    return loss->kind == MF_LOSS_CUSTOM ? mf_loss_table_bytes(loss->table->parts, loss->table->part)
                                        : 0;
}

size_t mf_loss_table_doubles(const mf_loss_table *table) {
    return (mf_loss_table_bytes(table->parts, table->part) - sizeof *table) / sizeof(double);
}

/* phi at the edges, outwards from the one at 0: no digits are lost to far ends. */
static void integrate(view v, double *phi) {
    size_t n = v.part->panels, zero = 0;
    while (zero < n && v.edge[zero] < 0)
        ++zero;
    phi[zero] = v.part->origin;
    for (size_t p = zero; p < n; ++p)
        phi[p + 1] = phi[p] + (v.edge[p + 1] - v.edge[p]) / 2 * integral(v.coef + p * TERMS, 1);
    for (size_t p = zero; p-- > 0;)
        phi[p] = phi[p + 1] - (v.edge[p + 1] - v.edge[p]) / 2 * integral(v.coef + p * TERMS, 1);
}

/* Whether phi' never falls, but for the table's error. */
static bool rises(view v, double error) {
    double before = -HUGE_VAL;
    for (size_t i = 0; i < v.part->panels * LOOKS; ++i) {
        size_t p = i / LOOKS;
        double t = 2 * (double)(i % LOOKS) / (LOOKS - 1) - 1;
        double now = mf_chebyshev_sum(TERMS, v.coef + p * TERMS, t);
        if (now < before - 2 * error * fmax(1, fabs(now)))
            return false;
        before = fmax(before, now);
    }
    return v.part->tails.slope_left >= 0 && v.part->tails.slope_right >= 0;
}

void mf_loss_table_settle(mf_loss_table *table) {
    table->convex = true;
    for (size_t i = 0; i < table->parts; ++i) {
        view v = view_of(table, i);
        integrate(v, table->data + (v.phi - table->data));
        table->convex &= rises(v, table->error);
    }
}

void mf_loss_table_finish(mf_loss_table *table, const mf_activation_table *const *slope) {
    double *to = table->data;
    table->error = 0;
    for (size_t i = 0; i < table->parts; ++i) {
        size_t panels = slope[i]->panels;
        table->part[i].panels = panels;
        table->part[i].tails = slope[i]->tails;
        table->error = fmax(table->error, slope[i]->error);
        memcpy(to, slope[i]->data, (panels + 1 + panels * TERMS) * sizeof *to);
        to += mf_loss_part_doubles(panels);
    }
    mf_loss_table_settle(table);
}
