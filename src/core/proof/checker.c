/* checker.c: verifies a certificate of Lemma 1, with twice its bits and on thirds of its boxes. */
#include "certificate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 4 }; /* boxes judged in one step */

struct mf_checker {
    mf_certificate certificate;
    mf_lemma1_frame frame;
    bool started, over;
    size_t next; /* box to judge */
    mf_check result;
};

__attribute__((format(printf, 2, 3))) static void reject(mf_checker *c, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(c->result.text, sizeof c->result.text, format, list);
    va_end(list);
    c->over = true;
}

mf_status mf_checker_new(mf_checker **out, const char *path, mf_error *err) {
    mf_checker *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return mf_fail(err, MF_ENOMEM, "no memory");
    mf_status status = mf_certificate_read(&c->certificate, path, err);
    if (status >= 0)
        status = mf_exact_problem_read(&c->frame.exact, &c->certificate.spec, err);
    if (status < 0) {
        mf_checker_free(c);
        return status == MF_EINVAL ? MF_EFORMAT : status;
    }
    *out = c;
    return MF_OK;
}

void mf_checker_free(mf_checker *c) {
    if (!c)
        return;
    mf_frame_clear(&c->frame);
    mf_exact_problem_clear(&c->frame.exact);
    mf_certificate_clear(&c->certificate);
    free(c);
    flint_cleanup();
}

bool mf_checker_over(const mf_checker *c) {
    return c->over;
}

double mf_checker_done(const mf_checker *c) {
    return c->over ? 1 : (double)c->next / (double)(c->certificate.cover.judged + 1);
}

const mf_check *mf_checker_result(const mf_checker *c) {
    return &c->result;
}

/* ---- the cover ------------------------------------------------------------------------------------ */

static bool same(mf_box a, mf_chart chart, double low) {
    return a.chart == chart && a.low == low && a.low < a.high;
}

/* Do the boxes fill the half-line outside `around`, one after the other? */
static bool covers(const mf_lemma1_frame *f, const mf_cover *cover) {
    mf_box outside[3];
    size_t i = 0;
    for (int part = 0, parts = mf_frame_outside(f, outside); part < parts; ++part) {
        double at = outside[part].low;
        while (at < outside[part].high) {
            if (i == cover->judged || !same(cover->done[i], outside[part].chart, at))
                return false;
            at = cover->done[i++].high;
        }
        if (at != outside[part].high)
            return false;
    }
    return i == cover->judged;
}

/* 0 < low < r_* < high < far, and 1/far is exact. */
static bool sound(const mf_certificate *c) {
    int exponent;
    return c->around.chart == MF_NEAR && c->around.low > 0 && c->around.low < c->around.high &&
           c->around.high < c->far && c->far < 1e300 && frexp(c->far, &exponent) == 0.5;
}

/* ---- what is claimed -------------------------------------------------------------------------------- */

static mf_box third(mf_box box, int i) {
    double step = (box.high - box.low) / 3;
    double low = i == 0 ? box.low : box.low + i * step;
    double high = i == 2 ? box.high : box.low + (i + 1) * step;
    return (mf_box){box.chart, low, high};
}

static bool stated_r_star(mf_checker *c) {
    arb_t stated;
    arb_init(stated);
    bool good = !arb_set_str(stated, c->certificate.r_star, 2 * c->frame.series.prec) &&
                arb_is_finite(stated) && arb_contains(stated, c->frame.r_star);
    arb_clear(stated);
    return good;
}

static bool convex_margin(mf_lemma1_frame *f) {
    for (int i = 0; i < 3; ++i) {
        mf_frame_psi(f, third(f->around, i));
        if (!arb_is_positive(f->curvature))
            return false;
    }
    return true;
}

static bool violated(mf_lemma1_frame *f, mf_box box) {
    if (!(box.low >= 0 && box.low <= box.high))
        return false;
    if (box.low == 0 && box.high == 0)
        mf_frame_margin_at_end(f, box.chart == MF_FAR, f->range);
    else
        mf_frame_margin_on(f, box);
    return arb_is_negative(f->range);
}

static void start(mf_checker *c) {
    const mf_certificate *file = &c->certificate;
    mf_lemma1_frame *f = &c->frame;
    c->started = true;
    c->result.boxes = file->cover.judged;
    f->around = file->around;
    f->far = file->far;
    if (!sound(file)) {
        reject(c, "`around` and `far` are not intervals of radii");
        return;
    }
    if (!covers(f, &file->cover)) {
        reject(c, "the boxes do not fill the half-line [0, inf]");
        return;
    }
    mf_frame_init(f, 2 * (slong)file->spec.bits);
    if (!mf_frame_enclose(f))
        reject(c, "r_star is not seen to be the one critical point of Eq. 14 in `around`");
    else if (!stated_r_star(c))
        reject(c, "r_star does not lie where it is said to lie");
    if (c->over)
        return;
    mf_frame_aim(f);
    if (file->verdict == MF_PROVED && !convex_margin(f))
        reject(c, "the margin is not seen to be convex on `around`");
    if (file->verdict == MF_REFUTED && !violated(f, file->violation))
        reject(c, "the margin is not seen to be negative at `violation`");
}

static bool holds_on(mf_checker *c, mf_box box) {
    if (c->certificate.verdict == MF_PROVED)
        mf_frame_margin_on(&c->frame, box);
    else
        mf_frame_excess_on(&c->frame, box);
    return arb_is_positive(c->frame.range);
}

/* The knots as " (1/2, -5/2) (3/2, 15/2)"; what does not fit ends in "...". */
static void knots_text(const mf_proof_spec *spec, char *text, size_t size) {
    size_t at = 0;
    for (size_t i = 0; i < spec->knots && at < size; ++i)
        at += (size_t)snprintf(text + at, size - at, " (%s, %s)", spec->t[i].text, spec->s[i].text);
    if (at >= size)
        memcpy(text + size - 4, "...", 4);
}

static void accept(mf_checker *c) {
    const mf_certificate *file = &c->certificate;
    char d[32] = "inf", knots[600];
    if (isfinite(file->spec.d))
        snprintf(d, sizeof d, "%.0f", file->spec.d);
    knots_text(&file->spec, knots, sizeof knots);
    snprintf(c->result.text, sizeof c->result.text,
             "d = %s, %s%s%s, sigma through%s: the uniform law on the sphere of radius %s is "
             "%sa global minimizer of the risk",
             d, file->spec.all_below ? "every delta in (0, " : "delta = ", file->spec.delta.text,
             file->spec.all_below ? "]" : "", knots, file->r_star,
             file->verdict == MF_PROVED ? "" : "not ");
    c->result.accepted = c->over = true;
}

mf_status mf_checker_step(mf_checker *c, const mf_flag *stop, mf_error *err) {
    const mf_cover *cover = &c->certificate.cover;
    (void)err;
    if (!c->started) {
        c->frame.stop = stop;
        start(c);
        c->frame.stop = c->frame.series.stop = NULL;
        if (!mf_flag_is_set(stop))
            return MF_OK;
        c->started = c->over = false;
        mf_frame_clear(&c->frame);
        return MF_STOPPED;
    }
    for (int i = 0; i < SLICE && c->next < cover->judged && !c->over; ++i, ++c->next) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        for (int part = 0; part < 3 && !c->over; ++part)
            if (!holds_on(c, third(cover->done[c->next], part)))
                reject(c, "box %zu: %s is not seen to be positive", c->next + 1,
                       c->certificate.verdict == MF_PROVED ? "the margin" : "R - R(r_star)");
    }
    if (c->next == cover->judged && !c->over)
        accept(c);
    return MF_OK;
}
