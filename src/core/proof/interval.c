/* interval.c: the ends of the interval in which Lemma 1 holds, by bisection with proofs. */
#include "core/limit/stability_lemma1.h"

#include "core/model/activation.h"
#include "exact.h"
#include "prover.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPARE = 2,      /* decimals behind those asked for                              */
    SEEN = 9,       /* decimals that the numerical search knows                      */
    WIDEN = 8,      /* the first bracket grows by this if a verdict is not the hoped */
    BITS_LEFT = 24, /* bits behind those of the digits                              */
    FIRST_ALL = 3,  /* d = inf: (0, 10^-3] at once is tried first ...               */
    SHRINKS = 4     /* ... then a tenth of it, so often                             */
};

typedef enum { INSIDE, OUTSIDE, BISECT } stage;

/* Two Delta this close have their r_* in one box. */
static const double NARROW = 1e-6;

struct mf_interval_prover {
    mf_proof_spec spec;
    slong digits;
    char *prefix;
    bool over;
    int which; /* end at work: 0 low, 1 high            */
    stage stage;
    double seen[2];
    fmpz_t scale, holds, fails, at, step, width, first; /* Delta times scale */
    bool has_holds, has_fails, uniform; /* uniform: (0, Delta] at once is at work        */
    int shrunk;                         /* its Delta is 10^-(FIRST_ALL + shrunk)         */
    double near;                        /* r_* of the last proof, to begin from; 0: search */
    mf_prover *prover;                  /* at work on `at`, or NULL */
    mf_proved_interval result;
};

static void integers(mf_interval_prover *p, void (*each)(fmpz_t)) {
    each(p->scale);
    each(p->holds);
    each(p->fails);
    each(p->at);
    each(p->step);
    each(p->width);
    each(p->first);
}

static void clear_integer(fmpz_t x) {
    fmpz_clear(x);
}

static void init_integer(fmpz_t x) {
    fmpz_init(x);
}

/* ---- decimals --------------------------------------------------------------------------------------- */

/* n 10^-decimals as "0.ddd". */
static void decimal_text(char *text, size_t size, const fmpz_t n, slong decimals) {
    char *digits = fmpz_get_str(NULL, 10, n);
    slong length = (slong)strlen(digits);
    int zeros = (int)(length < decimals ? decimals - length : 0);
    slong whole = length - decimals;
    if (whole > 0)
        snprintf(text, size, "%.*s.%s", (int)whole, digits, digits + whole);
    else
        snprintf(text, size, "0.%0*d%s", zeros, 0, digits);
    if (whole <= 0 && zeros == 0)
        snprintf(text, size, "0.%s", digits);
    flint_free(digits);
}

static void enclosing_text(const mf_interval_prover *p, char *text) {
    arb_t low, high;
    fmpq_t x;
    slong prec = 4 * p->digits + 64;
    fmpq_init(x);
    arb_init(low);
    arb_init(high);
    fmpq_set_fmpz_frac(x, p->holds, p->scale);
    arb_set_fmpq(low, x, prec);
    fmpq_set_fmpz_frac(x, p->fails, p->scale);
    arb_set_fmpq(high, x, prec);
    arb_union(low, low, high, prec);
    char *s = arb_get_str(low, p->digits + SPARE, ARB_STR_MORE); /* not fewer digits */
    snprintf(text, MF_BALL_TEXT, "%s", s);
    flint_free(s);
    fmpq_clear(x);
    arb_clear(low);
    arb_clear(high);
}

/* ---- life -------------------------------------------------------------------------------------------- */

/* The activation rounded to doubles, for the numerical search. */
static mf_status rounded(mf_activation *a, const mf_proof_spec *spec, mf_error *err) {
    mf_exact_problem exact;
    mf_proof_spec any = *spec;
    strcpy(any.delta.text, "1/2");
    mf_status status = mf_exact_problem_read(&exact, &any, err);
    if (status < 0)
        return status;
    *a = (mf_activation){.kind = MF_ACT_PIECEWISE, .knots = spec->knots};
    for (size_t i = 0; i < spec->knots; ++i) {
        a->t[i] = fmpq_get_d(exact.t + i);
        a->s[i] = fmpq_get_d(exact.s + i);
    }
    mf_exact_problem_clear(&exact);
    return MF_OK;
}

/* Towards the inside of the interval: up from the low end, down from the high end. */
static void move(mf_interval_prover *p, fmpz_t x, const fmpz_t from, bool inside) {
    if ((p->which == 0) == inside)
        fmpz_add(x, from, p->step);
    else
        fmpz_sub(x, from, p->step);
}

static bool in_range(const mf_interval_prover *p, const fmpz_t x) {
    return fmpz_sgn(x) > 0 && fmpz_cmp(x, p->scale) < 0;
}

static void begin_end(mf_interval_prover *p) {
    double seen = p->seen[p->which];
    arf_t x;
    arf_init(x);
    p->stage = INSIDE;
    p->has_holds = p->has_fails = false;
    arf_set_d(x, seen);
    arf_mul_fmpz(x, x, p->scale, ARF_PREC_EXACT, ARF_RND_DOWN);
    arf_get_fmpz(p->first, x, ARF_RND_NEAR);
    arf_clear(x);
    fmpz_ui_pow_ui(p->step, 10, (ulong)(p->digits > SEEN ? p->digits + SPARE - SEEN : SPARE));
    p->uniform = seen == 0 && isinf(p->spec.d);
    if (seen == 0 || seen == 1) { /* no end inside (0, 1): the lemma holds 10^-digits from it */
        fmpz_ui_pow_ui(p->step, 10, SPARE);
        fmpz_set(p->fails, p->first);
        p->has_fails = true;
    }
    move(p, p->at, p->first, true);
}

mf_status mf_interval_new(mf_interval_prover **out, const mf_interval_spec *spec,
                          const mf_flag *stop, mf_error *err) {
    mf_activation rough;
    mf_lemma1_interval seen;
    *out = NULL;
    mf_status status = rounded(&rough, &spec->problem, err);
    if (status >= 0)
        status = mf_lemma1_find_interval(&rough, spec->problem.d, 1e-9, &seen, stop, err);
    if (status < 0)
        return status;
    mf_interval_prover *p = calloc(1, sizeof *p);
    if (!p)
        return mf_fail(err, MF_ENOMEM, "no memory");
    integers(p, init_integer);
    p->spec = spec->problem;
    p->digits = (slong)spec->digits;
    p->spec.first_bits = (size_t)((double)p->digits * 3.33) + BITS_LEFT;
    p->seen[0] = seen.low;
    p->seen[1] = seen.high;
    p->result.exists = !isnan(seen.low);
    p->over = !p->result.exists;
    fmpz_ui_pow_ui(p->scale, 10, (ulong)(p->digits + SPARE));
    if (spec->prefix && !(p->prefix = strdup(spec->prefix))) {
        mf_interval_free(p);
        return mf_fail(err, MF_ENOMEM, "no memory");
    }
    if (!p->over)
        begin_end(p);
    *out = p;
    return MF_OK;
}

void mf_interval_free(mf_interval_prover *p) {
    if (!p)
        return;
    mf_prover_free(p->prover);
    integers(p, clear_integer);
    free(p->prefix);
    free(p);
    flint_cleanup();
}

bool mf_interval_over(const mf_interval_prover *p) {
    return p->over;
}

/* Half for each end; in it, the decimals that are settled. */
double mf_interval_done(const mf_interval_prover *p) {
    if (p->over)
        return 1;
    double part = 0;
    if (p->stage == BISECT && p->digits > SEEN)
        part = 1 - (fmpz_dlog(p->width) / log(10) - SPARE) / (double)(p->digits - SEEN + 2);
    return 0.5 * (p->which + fmin(fmax(part, 0), 1));
}

const mf_proved_interval *mf_interval_result(const mf_interval_prover *p) {
    return &p->result;
}

/* ---- verdicts --------------------------------------------------------------------------------------- */

static mf_status write_certificate(const mf_interval_prover *p, bool holds, mf_error *err) {
    if (!p->prefix)
        return MF_OK;
    size_t size = strlen(p->prefix) + 32;
    char *path = malloc(size);
    if (!path)
        return mf_fail(err, MF_ENOMEM, "no memory");
    snprintf(path, size, "%s.%s.%s", p->prefix, p->which ? "high" : "low",
             holds ? "holds" : "fails");
    mf_status status = mf_prover_write(p->prover, path, err);
    free(path);
    return status;
}

static void end_found(mf_interval_prover *p, bool found) {
    p->result.end[p->which].found = found;
    if (p->has_holds && p->has_fails)
        enclosing_text(p, p->result.end[p->which].text);
    if (++p->which == 2)
        p->over = true;
    else
        begin_end(p);
}

/* `at` is beyond 0 or 1: half the way there from where the lemma holds instead. */
static void halve_to_border(mf_interval_prover *p) {
    if (p->which == 0)
        fmpz_fdiv_q_2exp(p->at, p->holds, 1);
    else {
        fmpz_add(p->at, p->holds, p->scale);
        fmpz_cdiv_q_2exp(p->at, p->at, 1);
    }
}

/* What to prove next, holds and fails being known or not. */
static void plan(mf_interval_prover *p) {
    if (!p->has_holds || !p->has_fails) {
        move(p, p->at, p->has_fails ? p->fails : p->has_holds ? p->holds : p->first, !p->has_holds);
        if (p->has_holds)
            fmpz_mul_ui(p->step, p->step, WIDEN);
        else if (p->stage == INSIDE && p->has_fails)
            fmpz_mul_ui(p->step, p->step, WIDEN);
        if (!in_range(p, p->at) && p->has_holds)
            halve_to_border(p);
        if (!in_range(p, p->at))
            end_found(p, false);
        return;
    }
    p->stage = BISECT;
    fmpz_sub(p->width, p->holds, p->fails);
    fmpz_abs(p->width, p->width);
    if (fmpz_cmp_ui(p->width, 98) <= 0) { /* with the text's rounding within 10^-digits */
        end_found(p, true);
        return;
    }
    fmpz_add(p->at, p->holds, p->fails);
    fmpz_fdiv_q_2exp(p->at, p->at, 1);
}

/* The proof of (0, 10^-k] is over: the end is 0 if it is proved. */
static mf_status take_all_below(mf_interval_prover *p, mf_error *err) {
    const mf_lemma1_proof *r = mf_prover_result(p->prover);
    mf_proved_end *end = p->result.end;
    mf_status status = MF_OK;
    ++p->result.proofs;
    p->result.boxes += r->boxes;
    if (r->verdict == MF_PROVED) {
        snprintf(end->holds, sizeof end->holds, "%.100s", p->spec.delta.text);
        memcpy(end->r_star, r->r_star, sizeof end->r_star);
        strcpy(end->text, "0");
        end->all_below = true;
        end->place[0] = 0;
        status = write_certificate(p, true, err);
    } else {
        memcpy(end->place, r->place, sizeof end->place);
    }
    if (end->all_below || ++p->shrunk > SHRINKS)
        end_found(p, end->all_below);
    mf_prover_free(p->prover);
    p->prover = NULL;
    return status;
}

/* The proof of `at` is over: keeps it, on its side. */
static mf_status take(mf_interval_prover *p, mf_error *err) {
    const mf_lemma1_proof *r = mf_prover_result(p->prover);
    mf_proved_end *end = p->result.end + p->which;
    bool holds = r->verdict == MF_PROVED;
    mf_status status = MF_OK;
    ++p->result.proofs;
    p->result.boxes += r->boxes;
    bool begun_near = p->near > 0;
    p->near = 0;
    if (r->verdict == MF_UNDECIDED && !begun_near) {
        snprintf(end->place, sizeof end->place, "%s", r->place);
        end_found(p, false);
    } else if (r->verdict != MF_UNDECIDED) { /* else once more: another r_* may be the minimum */
        fmpz_set(holds ? p->holds : p->fails, p->at);
        *(holds ? &p->has_holds : &p->has_fails) = true;
        decimal_text(holds ? end->holds : end->fails, MF_BALL_TEXT, p->at, p->digits + SPARE);
        if (holds)
            memcpy(end->r_star, r->r_star, sizeof end->r_star);
        else
            memcpy(end->place, r->place, sizeof end->place);
        status = write_certificate(p, holds, err);
        plan(p);
        if (p->stage == BISECT && fmpz_get_d(p->width) < NARROW * fmpz_get_d(p->scale))
            p->near = p->prover->guess;
    }
    mf_prover_free(p->prover);
    p->prover = NULL;
    return status;
}

mf_status mf_interval_step(mf_interval_prover *p, const mf_flag *stop, mf_error *err) {
    if (!p->prover) {
        if (p->uniform)
            snprintf(p->spec.delta.text, MF_EXACT_TEXT, "1e-%d", FIRST_ALL + p->shrunk);
        else
            decimal_text(p->spec.delta.text, MF_EXACT_TEXT, p->at, p->digits + SPARE);
        p->spec.all_below = p->uniform;
        mf_status status = mf_prover_new(&p->prover, &p->spec, err);
        if (status >= 0)
            p->prover->guess = p->near;
        return status;
    }
    mf_status status = mf_prover_step(p->prover, stop, err);
    if (status == MF_OK && mf_prover_over(p->prover))
        status = p->uniform ? take_all_below(p, err) : take(p, err);
    return status;
}
