/* loss.h: the losses l(y, yhat) that SGD and the potentials minimise the mean of.
 *
 *     square     (y - f)^2                                              any y
 *     logistic   log(1 + exp(-y f))                                      y = +-1
 *     huber      (y - f)^2 within delta, delta (2 |y - f| - delta) beyond
 *     hinge      0, u^2/(2 h), u - h/2  for u = 1 - y f  in (-inf, 0], [0, h], [h, inf);  y = +-1
 *     custom     a caller's, tabulated
 * SGD is theta_i -= s_k l'(y_k, yhat_k) grad sigma_*, l' the slope in yhat (Eq. 3 for the square). What
 * takes the place of the residual y - yhat is -l'/2. A loss is a value, zero is the square;
 * only a custom one points at memory, which its owner keeps alive.                         */
#ifndef MF_LOSS_H
#define MF_LOSS_H

#include "activation.h"
#include "distribution.h"

enum { MF_LOSS_PARTS = 8 };

typedef enum {
    MF_LOSS_SQUARE,
    MF_LOSS_LOGISTIC,
    MF_LOSS_HUBER,
    MF_LOSS_HINGE,
    MF_LOSS_CUSTOM
} mf_loss_kind;

extern const char *const mf_loss_names[]; /* by kind; ends with NULL */

typedef struct mf_loss_table mf_loss_table;

typedef struct {
    mf_loss_kind kind;
    double parameter;           /* huber: delta; hinge: smoothing h; > 0 */
    const mf_loss_table *table; /* custom; else NULL                      */
} mf_loss;

/* l, l' = dl/df and l''; at a kink of l' the curvature of the side to the right. */
double mf_loss_value(const mf_loss *, double y, double f);
double mf_loss_slope(const mf_loss *, double y, double f);
double mf_loss_curvature(const mf_loss *, double y, double f);

static inline bool mf_loss_is_square(const mf_loss *loss) {
    return loss->kind == MF_LOSS_SQUARE;
}

/* -l'/2: y - f for the square. */
static inline double mf_loss_residual(const mf_loss *loss, double y, double f) {
    return mf_loss_is_square(loss) ? y - f : -mf_loss_slope(loss, y, f) / 2;
}

/* Whether l is convex in f. Of a custom loss, as far as 65 points of every piece show. */
bool mf_loss_is_convex(const mf_loss *);

/* Largest error of a custom loss's l', relative to max(1, |l'|), that was seen; else 0. */
double mf_loss_error(const mf_loss *);

const char *mf_loss_name(const mf_loss *);

/* MF_EDOMAIN, naming the value, if the loss does not know one of the n labels. */
mf_status mf_loss_check(const mf_loss *, size_t n, const double *y, mf_error *err);

/* The same for all labels of a law, where it says what they are. */
mf_status mf_loss_check_law(const mf_loss *, const mf_distribution *law, mf_error *err);

/* ---- custom losses: l' as tables ------------------------------------------------------------ */

typedef enum {
    MF_LOSS_OF_RESIDUAL, /* l(y, f) = l(0, f - y): one part, in u = f - y */
    MF_LOSS_OF_MARGIN,   /* l(y, f) = l(1, y f): one part, in u = y f      */
    MF_LOSS_OF_LABEL     /* l(label, f) for a few labels: a part each, u = f */
} mf_loss_form;

extern const char *const mf_loss_form_names[]; /* by form; ends with NULL */

/* phi' of one part as the panels of an activation's table; phi by integration from phi(0). */
typedef struct {
    double label, origin; /* phi(0) */
    size_t panels;
    mf_activation_tails tails; /* of phi' */
} mf_loss_part;

/* One block, without pointers: of each part in turn panels + 1 edges, the slope's coefficients
 * (MF_TABLE_DEGREE + 1 a panel), and phi at the edges.                                     */
struct mf_loss_table {
    mf_loss_form form;
    size_t parts;
    bool convex;
    double error;
    mf_loss_part part[MF_LOSS_PARTS];
    double data[];
};

/* Doubles of data[] that a part with so many panels takes. */
static inline size_t mf_loss_part_doubles(size_t panels) {
    return (panels + 1) * 2 + panels * (MF_TABLE_DEGREE + 1);
}

/* Bytes of a table whose parts have these panels; and of a loss's table (0 without). */
size_t mf_loss_table_bytes(size_t parts, const mf_loss_part *part);
size_t mf_loss_bytes(const mf_loss *);

/* Completes a table: form, parts and part[].label, .origin are set; slope[i] is the tabulated
 * phi' of part i. It must have an edge at 0, as tabulations do.                              */
void mf_loss_table_finish(mf_loss_table *, const mf_activation_table *const *slope);

/* Doubles of data[], for files; mf_loss_table_settle makes of edges and coefficients the rest. */
size_t mf_loss_table_doubles(const mf_loss_table *);
void mf_loss_table_settle(mf_loss_table *);

#endif
