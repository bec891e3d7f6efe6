/* checkpoint.c: an SGD run as named fields (fields.h): what it is, k, and the state at `base`.
 *
 * The state in the middle of a block is not kept: the run goes to k again, less than a block
 * of steps. Nothing that is read is believed: every field is checked for its range, and what
 * belongs together for its sizes, before a workspace is made.                               */
#include "state.h"

#include "core/base/fields.h"
#include "core/model/dataset.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A field that is added to one of these is a field to be written: think of both functions. */
_Static_assert(sizeof(mf_activation) == 24 + (2 * MF_KNOTS_MAX + 2) * sizeof(double) &&
                       sizeof(mf_activation_table) == 7 * sizeof(double) &&
                       sizeof(mf_schedule) == 3 * sizeof(double) &&
                       sizeof(mf_loss) == 3 * sizeof(double) &&
                       sizeof(mf_loss_part) == 7 * sizeof(double),
               "what a checkpoint holds has changed");

static const char what[] = "mf.sgd";

enum { PART = 7 }; /* numbers of a part of a custom loss */

/* ---- writing ------------------------------------------------------------------------------- */

static void write_activation(mf_fields_writer *to, const mf_activation *sigma) {
    const double slopes[] = {sigma->slope_left, sigma->slope_right};
    mf_fields_text(to, "sigma", mf_activation_names[sigma->kind]);
    if (sigma->kind == MF_ACT_PIECEWISE) {
        mf_fields_doubles(to, "sigma t", sigma->knots, sigma->t);
        mf_fields_doubles(to, "sigma s", sigma->knots, sigma->s);
        mf_fields_doubles(to, "sigma slopes", 2, slopes);
    }
    if (sigma->kind == MF_ACT_POLYNOMIAL)
        mf_fields_doubles(to, "sigma s", sigma->knots, sigma->s);
    if (sigma->kind == MF_ACT_TABLE) {
        const mf_activation_table *table = sigma->table;
        const double tails[] = {table->tails.slope_left, table->tails.offset_left,
                                table->tails.slope_right, table->tails.offset_right};
        mf_fields_integer(to, "sigma panels", (int64_t)table->panels);
        mf_fields_integer(to, "sigma ranged", table->ranged);
        mf_fields_double(to, "sigma error", table->error);
        mf_fields_doubles(to, "sigma tails", 4, tails);
        mf_fields_doubles(to, "sigma table",
                          (mf_sgd_table_bytes(sigma) - sizeof *table) / sizeof(double),
                          table->data);
    }
}

static void write_loss(mf_fields_writer *to, const mf_loss *loss) {
    mf_fields_text(to, "loss", mf_loss_names[loss->kind]);
    mf_fields_double(to, "loss parameter", loss->parameter);
    if (loss->kind != MF_LOSS_CUSTOM)
        return;
    const mf_loss_table *table = loss->table;
    mf_fields_text(to, "loss form", mf_loss_form_names[table->form]);
    mf_fields_double(to, "loss error", table->error);
    double *row = mf_fields_room(to, "loss parts", table->parts * PART, 1);
    for (size_t i = 0; row && i < table->parts; ++i, row += PART) {
        const mf_loss_part *p = &table->part[i];
        const double numbers[PART] = {p->label,
                                      p->origin,
                                      (double)p->panels,
                                      p->tails.slope_left,
                                      p->tails.offset_left,
                                      p->tails.slope_right,
                                      p->tails.offset_right};
        memcpy(row, numbers, sizeof numbers);
    }
    mf_fields_doubles(to, "loss table", mf_loss_table_doubles(table), table->data);
}

static void write_spec(mf_fields_writer *to, const mf_sgd_spec *spec) {
    mf_fields_text(to, "law", spec->law.ops->name);
    mf_fields_integer(to, "d", (int64_t)spec->law.d);
    mf_fields_doubles(to, "law numbers", spec->law.numbers, spec->law.number);
    write_activation(to, &spec->sigma);
    write_loss(to, &spec->loss);
    mf_fields_text(to, "neuron", mf_neuron_names[spec->neuron]);
    mf_fields_doubles(to, "rates", MF_GROUPS, spec->rate);
    mf_fields_double(to, "momentum", spec->momentum);
    mf_fields_double(to, "scale", spec->scale);
    mf_fields_double(to, "birth_death", spec->birth_death);
    mf_fields_double(to, "label_noise", spec->label_noise);
    mf_fields_integer(to, "N", (int64_t)spec->N);
    mf_fields_integer(to, "batch", (int64_t)spec->batch);
    mf_fields_double(to, "eps", spec->eps);
    mf_schedule_save(&spec->xi, to);
    mf_fields_integer(to, "seed", (int64_t)spec->seed);
    mf_fields_double(to, "beta", spec->beta);
    mf_fields_double(to, "lambda", spec->lambda);
    mf_fields_double(to, "noise factor", spec->noise_factor);
    mf_fields_text(to, "algorithm", mf_sgd_algorithm_names[spec->algorithm]);
    mf_fields_integer(to, "block", (int64_t)spec->block);
    mf_fields_text(to, "precision", mf_precision_names[spec->precision]);
}

static void write_matrix(mf_fields_writer *to, const char *name, const mf_sgd *w, const void *W) {
    size_t N = w->spec.N;
    double *rows = mf_fields_room(to, name, w->job.D, N);
    for (size_t c = 0; rows && c < w->job.D; ++c)
        for (size_t i = 0; i < N; ++i)
            rows[c * N + i] = mf_sgd_get(w, W, mf_sgd_at(w, i, c));
}

static void write_row(mf_fields_writer *to, const char *name, const mf_sgd *w, const void *a) {
    double *row = mf_fields_room(to, name, 1, w->spec.N);
    for (size_t i = 0; row && i < w->spec.N; ++i)
        row[i] = mf_sgd_get(w, a, i);
}

/* w (and b, the last row) by coordinates, a, their velocities and the masses, at the start of the block. */
static void write_state(mf_fields_writer *to, const mf_sgd *w) {
    bool blocked = w->spec.algorithm == MF_SGD_BLOCKED, momentum = mf_sgd_has_momentum(w);
    void *a = blocked ? w->a_start : w->job.a;
    write_matrix(to, "w", w, w->job.W);
    if (momentum)
        write_matrix(to, "velocity", w, mf_sgd_velocity(w));
    if (w->job.affine)
        write_row(to, "a", w, a);
    if (w->job.affine && momentum)
        write_row(to, "velocity a", w, mf_sgd_a_velocity(w, a));
    if (w->mass)
        mf_fields_doubles(to, "mass", w->spec.N, blocked ? w->mass_start : w->mass);
    if (w->mass && momentum)
        mf_fields_doubles(to, "growth", w->spec.N, (blocked ? w->mass_start : w->mass) + w->spec.N);
}

static size_t write_all(const mf_sgd *w, void *out) {
    mf_fields_writer to = mf_fields_begin(out);
    write_spec(&to, &w->spec);
    mf_fields_integer(&to, "k", (int64_t)w->k);
    mf_fields_integer(&to, "base", (int64_t)w->base);
    mf_fields_double(&to, "yhat", isnan(w->yhat) ? HUGE_VAL : w->yhat);
    write_state(&to, w);
    return mf_fields_end(&to, what);
}

size_t mf_sgd_packed_bytes(const mf_sgd *w) {
    return write_all(w, NULL);
}

void mf_sgd_pack(const mf_sgd *w, void *out) {
    write_all(w, out);
}

/* ---- reading ------------------------------------------------------------------------------- */

enum {
    SIGMA_ROOM = sizeof(mf_activation_table) +
                 (MF_TABLE_PANELS * (MF_TABLE_DEGREE + 2) + 1) * sizeof(double)
};

/* Where tables are copied to. */
typedef struct {
    mf_activation_table *sigma;
    mf_loss_table *loss;
} rooms;

static rooms rooms_in(void *room) {
    return (rooms){room, (void *)((char *)room + SIGMA_ROOM)};
}

static void read_piecewise(mf_fields *from, mf_activation *sigma) {
    const double *t = mf_fields_list(from, "sigma t", 1, MF_KNOTS_MAX, &sigma->knots);
    const double *s = mf_fields_find(from, "sigma s", sigma->knots, 1);
    const double *slopes = mf_fields_find(from, "sigma slopes", 2, 1);
    for (size_t i = 0; t && s && i < sigma->knots; ++i) {
        mf_fields_require(from, "sigma t", i == 0 || t[i] > t[i - 1]);
        sigma->t[i] = t[i];
        sigma->s[i] = s[i];
    }
    sigma->slope_left = slopes ? slopes[0] : 0;
    sigma->slope_right = slopes ? slopes[1] : 0;
}

static void read_polynomial(mf_fields *from, mf_activation *sigma) {
    const double *s = mf_fields_list(from, "sigma s", 1, MF_KNOTS_MAX, &sigma->knots);
    if (s)
        memcpy(sigma->s, s, sigma->knots * sizeof *s);
}

/* A table is copied to `room`, as it is one piece: header and numbers. */
static void read_table(mf_fields *from, mf_activation *sigma, mf_activation_table *room) {
    size_t panels = (size_t)mf_fields_count(from, "sigma panels", 1, MF_TABLE_PANELS);
    size_t n = panels * (MF_TABLE_DEGREE + 2) + 1;
    const double *tails = mf_fields_find(from, "sigma tails", 4, 1);
    const double *data = mf_fields_find(from, "sigma table", n, 1);
    double error = mf_fields_number(from, "sigma error", 0, HUGE_VAL);
    bool ranged = mf_fields_flag(from, "sigma ranged");
    for (size_t i = 1; data && i <= panels; ++i)
        mf_fields_require(from, "sigma table", data[i] > data[i - 1]);
    mf_fields_require(from, "sigma ranged", !ranged || !data || (data[0] < 0 && data[panels] > 0));
    sigma->table = room;
    if (!tails || !data)
        return;
    *room = (mf_activation_table){panels, error, {tails[0], tails[1], tails[2], tails[3]}, ranged};
    memcpy(room->data, data, n * sizeof *data);
}

/* Edges that increase, one of them 0: what mf_loss_table_settle rests on. */
static bool edges_are_fine(const double *edge, size_t panels) {
    bool increase = true, zero = edge[0] == 0;
    for (size_t i = 1; i <= panels; ++i) {
        increase &= edge[i] > edge[i - 1];
        zero |= edge[i] == 0;
    }
    return increase && zero;
}

static bool read_parts(mf_fields *from, mf_loss_table *table) {
    size_t n = 0;
    const double *row = mf_fields_list(from, "loss parts", PART, MF_LOSS_PARTS * PART, &n);
    mf_fields_require(from, "loss parts", row && n % PART == 0);
    for (table->parts = 0; row && table->parts < n / PART; row += PART) {
        bool whole = row[2] >= 1 && row[2] <= MF_TABLE_PANELS && row[2] == floor(row[2]);
        mf_fields_require(from, "loss parts", whole);
        table->part[table->parts++] = (mf_loss_part){.label = row[0],
                                                     .origin = row[1],
                                                     .panels = whole ? (size_t)row[2] : 1,
                                                     .tails = {row[3], row[4], row[5], row[6]}};
    }
    mf_fields_require(from, "loss parts", table->form == MF_LOSS_OF_LABEL || table->parts == 1);
    return from->status >= 0;
}

/* As with an activation, the table is copied to `room`. */
static void read_loss_table(mf_fields *from, mf_loss *loss, mf_loss_table *room) {
    loss->table = room;
    room->form = (mf_loss_form)mf_fields_choice(from, "loss form", mf_loss_form_names);
    room->error = mf_fields_number(from, "loss error", 0, HUGE_VAL);
    if (!read_parts(from, room))
        return;
    const double *data = mf_fields_find(from, "loss table", mf_loss_table_doubles(room), 1);
    if (!data)
        return;
    memcpy(room->data, data, mf_loss_table_doubles(room) * sizeof *data);
    for (size_t i = 0; i < room->parts; ++i) {
        mf_fields_require(from, "loss table", edges_are_fine(data, room->part[i].panels));
        data += mf_loss_part_doubles(room->part[i].panels);
    }
    if (from->status < 0)
        return;
    mf_loss_table_settle(room); /* integrals, which may be too large */
    for (size_t i = 0; i < mf_loss_table_doubles(room); ++i)
        mf_fields_require(from, "loss table", isfinite(room->data[i]));
}

static void read_loss(mf_fields *from, mf_loss *loss, mf_loss_table *room) {
    loss->kind = (mf_loss_kind)mf_fields_choice(from, "loss", mf_loss_names);
    bool one = loss->kind == MF_LOSS_HUBER || loss->kind == MF_LOSS_HINGE;
    loss->parameter = mf_fields_number(from, "loss parameter", one ? 0x1p-1074 : 0, 0x1p1023);
    if (loss->kind == MF_LOSS_CUSTOM)
        read_loss_table(from, loss, room);
}

static void read_training(mf_fields *from, mf_sgd_spec *spec) {
    const double *rate = mf_fields_find(from, "rates", MF_GROUPS, 1);
    spec->has_rates = true;
    for (size_t i = 0; rate && i < MF_GROUPS; ++i) {
        bool used = spec->neuron == MF_NEURON_AFFINE || i == MF_GROUP_W;
        mf_fields_require(from, "rates", rate[i] >= 0 && (used || rate[i] == 1));
        spec->rate[i] = rate[i];
    }
    spec->momentum = mf_fields_number(from, "momentum", 0, 1 - 0x1p-53);
    spec->scale = mf_fields_number(from, "scale", 0x1p-1074, 0x1p1023);
    spec->birth_death = mf_fields_number(from, "birth_death", 0, 0x1p1023);
    spec->label_noise = mf_fields_number(from, "label_noise", 0, 0x1p1023);
}

static void read_spec(mf_fields *from, mf_sgd_spec *spec, rooms room) {
    mf_distribution *law = &spec->law;
    law->ops = mf_law_find(mf_fields_string(from, "law"));
    law->d = (size_t)mf_fields_count(from, "d", 1, INT32_MAX);
    law->number = mf_fields_list(from, "law numbers", 0, SIZE_MAX, &law->numbers);
    mf_fields_require(from, "law", law->number && mf_law_is_valid(law));
    spec->sigma.kind = (mf_activation_kind)mf_fields_choice(from, "sigma", mf_activation_names);
    if (spec->sigma.kind == MF_ACT_PIECEWISE)
        read_piecewise(from, &spec->sigma);
    if (spec->sigma.kind == MF_ACT_POLYNOMIAL)
        read_polynomial(from, &spec->sigma);
    if (spec->sigma.kind == MF_ACT_TABLE)
        read_table(from, &spec->sigma, room.sigma);
    read_loss(from, &spec->loss, room.loss);
    spec->neuron = (mf_neuron)mf_fields_choice(from, "neuron", mf_neuron_names);
    read_training(from, spec);
    spec->N = (size_t)mf_fields_count(from, "N", 1, 1000000000);
    spec->batch = (size_t)mf_fields_count(from, "batch", 1, 1000000);
    spec->eps = mf_fields_number(from, "eps", 0x1p-1074, 0x1p1023);
    mf_schedule_load(&spec->xi, from);
    spec->seed = (uint64_t)mf_fields_count(from, "seed", INT64_MIN, INT64_MAX);
    spec->beta = mf_fields_number(from, "beta", 0x1p-1074, HUGE_VAL);
    spec->lambda = mf_fields_number(from, "lambda", 0, 0x1p1023);
    spec->noise_factor = mf_fields_number(from, "noise factor", 2, 4);
    mf_fields_require(from, "noise factor", spec->noise_factor == 2 || spec->noise_factor == 4);
    spec->algorithm = (mf_sgd_algorithm)mf_fields_choice(from, "algorithm", mf_sgd_algorithm_names);
    spec->block = (size_t)mf_fields_count(from, "block", 1, 1000000);
    spec->precision = (mf_precision)mf_fields_choice(from, "precision", mf_precision_names);
}

/* What a plan would make of it must be what it is. */
static bool is_planned(const mf_sgd_spec *spec) {
    mf_sgd_spec again = *spec;
    if (spec->algorithm == MF_SGD_PLAIN)
        again.block = 1;
    return spec->algorithm != MF_SGD_AUTO && mf_sgd_plan(&again, NULL) >= 0 &&
           again.block == spec->block && again.batch == spec->batch;
}

typedef struct {
    uint64_t k, base;
    double yhat;
    const double *w, *a, *velocity, *a_velocity, *mass, *growth; /* NULL: the run has none */
} progress;

/* Weights of a run, which they fit: a float may not hold what a double does. */
static const double *read_weights(mf_fields *from, const char *name, size_t rows,
                                  const mf_sgd_spec *spec) {
    const double *x = mf_fields_find(from, name, rows, spec->N);
    for (size_t i = 0; x && spec->precision == MF_SINGLE && i < rows * spec->N; ++i)
        mf_fields_require(from, name, fabs(x[i]) <= (double)FLT_MAX);
    return x;
}

static void read_masses(mf_fields *from, size_t N, progress *at) {
    double sum = 0;
    at->mass = mf_fields_find(from, "mass", N, 1);
    for (size_t i = 0; at->mass && i < N; ++i) {
        mf_fields_require(from, "mass", at->mass[i] >= 0);
        sum += at->mass[i];
    }
    mf_fields_require(from, "mass", fabs(sum - 1) < 1e-6);
}

static void read_progress(mf_fields *from, const mf_sgd_spec *spec, progress *at) {
    const int64_t most = (int64_t)1 << 53;
    size_t affine = spec->neuron == MF_NEURON_AFFINE, steps = spec->block / spec->batch;
    at->k = (uint64_t)mf_fields_count(from, "k", 0, most);
    at->base = (uint64_t)mf_fields_count(from, "base", 0, most);
    mf_fields_require(from, "base", at->base <= at->k && at->base % steps == 0);
    mf_fields_require(from, "k", at->k - at->base <= steps);
    at->yhat = mf_fields_number(from, "yhat", -HUGE_VAL, HUGE_VAL);
    at->w = read_weights(from, "w", spec->law.d + affine, spec);
    at->a = affine ? read_weights(from, "a", 1, spec) : NULL;
    if (spec->momentum > 0) {
        at->velocity = read_weights(from, "velocity", spec->law.d + affine, spec);
        at->a_velocity = affine ? read_weights(from, "velocity a", 1, spec) : NULL;
    }
    if (spec->birth_death > 0)
        read_masses(from, spec->N, at);
    if (spec->birth_death > 0 && spec->momentum > 0)
        at->growth = mf_fields_find(from, "growth", spec->N, 1);
}

/* The examples of a data set come from the law that is given again. */
static mf_status take_examples(mf_sgd_spec *spec, const mf_distribution *given, mf_error *err) {
    mf_distribution *law = &spec->law;
    if (!mf_law_is_dataset(law))
        return MF_OK;
    if (!given || !mf_law_is_dataset(given) || !given->examples)
        return mf_fail(
                err, MF_EINVAL,
                "the run was made with a data set, which is not in the file: give it again as "
                "option 'distribution'");
    mf_error why = {MF_OK, ""};
    if (mf_dataset_check_same(law, given, &why) < 0)
        return mf_fail(err, MF_EINVAL, "the run was made with another data set: %.200s", why.text);
    law->examples = given->examples;
    return mf_loss_check_law(&spec->loss, law, err);
}

/* All of it; what it points at lies in data, in room and in `given`. */
static mf_status read_all(const void *data, size_t size, void *room, const mf_distribution *given,
                          mf_sgd_spec *spec, progress *at, mf_error *err) {
    mf_fields from;
    *spec = (mf_sgd_spec){.N = 0};
    *at = (progress){.k = 0};
    mf_status status = mf_fields_open(&from, data, size, what, err);
    if (status < 0)
        return status;
    read_spec(&from, spec, rooms_in(room));
    mf_fields_require(&from, "algorithm", from.status < 0 || is_planned(spec));
    if (from.status >= 0)
        read_progress(&from, spec, at);
    return from.status < 0 ? from.status : take_examples(spec, given, err);
}

size_t mf_sgd_unpack_room(void) {
    return SIGMA_ROOM + sizeof(mf_loss_table) +
           MF_LOSS_PARTS * mf_loss_part_doubles(MF_TABLE_PANELS) * sizeof(double);
}

mf_status mf_sgd_unpack_look(const void *head, size_t size, uint64_t file_size, mf_error *err) {
    return mf_fields_look(head, size, file_size, what, err);
}

mf_status mf_sgd_unpack_size(const void *data, size_t size, void *room,
                             const mf_distribution *given, size_t *bytes, mf_error *err) {
    mf_sgd_spec spec;
    progress at;
    mf_status status = read_all(data, size, room, given, &spec, &at, err);
    if (status >= 0)
        *bytes = mf_sgd_bytes(&spec);
    return status;
}

static void put_matrix(mf_sgd *w, void *W, const double *from) {
    for (size_t c = 0; from && c < w->job.D; ++c)
        for (size_t i = 0; i < w->spec.N; ++i)
            mf_sgd_put(w, W, mf_sgd_at(w, i, c), from[c * w->spec.N + i]);
}

static void put_row(mf_sgd *w, void *a, const double *from) {
    for (size_t i = 0; from && i < w->spec.N; ++i)
        mf_sgd_put(w, a, i, from[i]);
}

mf_status mf_sgd_unpack(const void *data, size_t size, void *room, const mf_distribution *given,
                        void *mem, mf_sgd **out, uint64_t *k, mf_error *err) {
    mf_sgd_spec spec;
    progress at;
    mf_status status = read_all(data, size, room, given, &spec, &at, err);
    if (status < 0)
        return status;
    mf_sgd *w = *out = mf_sgd_init(mem, &spec);
    *k = at.k;
    put_matrix(w, w->job.W, at.w);
    put_matrix(w, mf_sgd_velocity(w), at.velocity);
    put_row(w, w->a_start, at.a);
    put_row(w, w->job.a, at.a);
    put_row(w, mf_sgd_a_velocity(w, w->a_start), at.a_velocity);
    put_row(w, mf_sgd_a_velocity(w, w->job.a), at.a_velocity);
    if (at.mass) {
        memcpy(w->mass, at.mass, spec.N * sizeof *w->mass);
        if (at.growth)
            memcpy(w->mass + spec.N, at.growth, spec.N * sizeof *w->mass);
        memcpy(w->mass_start, w->mass, 2 * spec.N * sizeof *w->mass);
    }
    w->k = w->base = at.base;
    w->yhat = at.yhat;
    return MF_OK;
}
