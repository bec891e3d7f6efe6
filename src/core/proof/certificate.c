/* certificate.c: a proof of Lemma 1 as a file that can be read by eye.
 *
 * One fact a line. Numbers of the problem are fractions, ends of boxes hexadecimal doubles: both
 * exact. r_star is a decimal ball. No checksum: what is false in a certificate is found out by
 * the mathematics (checker.c).                                                             */
#include "certificate.h"

#include "core/base/file.h"
#include "exact.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "meanfield proof of Lemma 1, format 1\n"

/* ---- writing ------------------------------------------------------------------------------------- */

typedef struct {
    char *text;
    size_t size, room;
    bool failed;
} page;

__attribute__((format(printf, 2, 3))) static void print(page *p, const char *format, ...) {
    enum { LINE = 1024 };
    if (p->room - p->size < LINE && !p->failed) {
        size_t more = 2 * p->room + 8 * LINE;
        char *grown = realloc(p->text, more);
        p->failed = !grown;
        if (grown) {
            p->text = grown;
            p->room = more;
        }
    }
    if (p->failed)
        return;
    va_list list;
    va_start(list, format);
    p->size += (size_t)vsnprintf(p->text + p->size, LINE, format, list);
    va_end(list);
}

/* x >= 0 without a point, which a locale could turn into a comma. */
static void print_double(page *p, double x, const char *end) {
    int exponent;
    double mantissa = ldexp(frexp(x, &exponent), 53);
    print(p, " 0x%" PRIx64 "p%d%s", (uint64_t)mantissa, x > 0 ? exponent - 53 : 0, end);
}

static void print_box(page *p, const char *what, mf_box box) {
    print(p, "%s %s", what, box.chart == MF_NEAR ? "r" : "1/r");
    print_double(p, box.low, "");
    print_double(p, box.high, "\n");
}

static void print_number(page *p, const char *what, const fmpq_t x, const char *end) {
    char text[MF_NUMBER_TEXT];
    if (mf_exact_write(x, text, sizeof text, NULL) < 0)
        p->failed = true;
    else
        print(p, "%s %s%s", what, text, end);
}

static void print_problem(page *p, const mf_exact_problem *problem) {
    if (problem->infinite)
        print(p, "d inf\n");
    else
        print(p, "d %lu\n", problem->d);
    print_number(p, problem->all_below ? "delta up to" : "delta", problem->delta, "\n");
    for (slong i = 0; i < problem->knots; ++i) {
        print_number(p, "knot", problem->t + i, "");
        print_number(p, "", problem->s + i, "\n");
    }
}

static void print_cover(page *p, const char *what, const mf_cover *cover) {
    for (size_t i = 0; i < cover->judged; ++i)
        print_box(p, what, cover->done[i]);
}

mf_status mf_prover_write(const mf_prover *prover, const char *path, mf_error *err) {
    const mf_lemma1_proof *r = &prover->result;
    page p = {0};
    if (r->verdict == MF_UNDECIDED)
        return mf_fail(err, MF_EINVAL, "nothing is proved: there is no certificate to write");
    print(&p, MAGIC);
    print_problem(&p, &prover->frame.exact);
    print(&p, "verdict %s\nbits %ld\nr_star %s\n", r->verdict == MF_PROVED ? "true" : "false",
          prover->frame.series.bits, r->r_star);
    print_box(&p, "around", prover->frame.around);
    print(&p, "far");
    print_double(&p, prover->frame.far, "\n");
    if (r->verdict == MF_REFUTED)
        print_box(&p, "violation", prover->violation);
    print_cover(&p, "box", r->verdict == MF_PROVED ? &prover->margin : &prover->risk);
    print(&p, "end\n");
    mf_status status = p.failed ? mf_fail(err, MF_ENOMEM, "no memory for the certificate")
                                : mf_file_replace(path, p.text, p.size, err);
    free(p.text);
    return status;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static mf_status bad(const mf_certificate *c, const char *what, mf_error *err) {
    return mf_fail(err, MF_EFORMAT, "line %zu of the certificate: %s", c->line, what);
}

/* The next line without its end; NULL at the end of the text. */
static char *next_line(mf_certificate *c) {
    char *line = c->at, *end = line ? strchr(line, '\n') : NULL;
    if (!end)
        return NULL;
    *end = 0;
    c->at = end + 1;
    ++c->line;
    return line;
}

static bool read_box(const char *text, mf_box *box) {
    char chart[8], *rest;
    int used = 0;
    if (sscanf(text, " %7s %n", chart, &used) != 1 || (strcmp(chart, "r") && strcmp(chart, "1/r")))
        return false;
    box->chart = chart[0] == 'r' ? MF_NEAR : MF_FAR;
    box->low = strtod(text + used, &rest);
    if (rest == text + used || *rest != ' ')
        return false;
    const char *second = rest;
    box->high = strtod(second, &rest);
    return rest != second && !*rest && isfinite(box->low) && isfinite(box->high);
}

static mf_status read_knot(mf_certificate *c, const char *text, mf_error *err) {
    mf_proof_spec *spec = &c->spec;
    size_t gap = strcspn(text, " ");
    if (spec->knots == MF_PROOF_KNOTS || !text[gap] || gap >= MF_EXACT_TEXT ||
        strlen(text + gap + 1) >= MF_EXACT_TEXT)
        return bad(c, "not a knot", err);
    snprintf(spec->t[spec->knots].text, MF_EXACT_TEXT, "%.*s", (int)gap, text);
    snprintf(spec->s[spec->knots].text, MF_EXACT_TEXT, "%s", text + gap + 1);
    ++spec->knots;
    return MF_OK;
}

static mf_status read_dimension(mf_certificate *c, const char *text, mf_error *err) {
    char *end;
    c->spec.d = strcmp(text, "inf") ? (double)strtoul(text, &end, 10) : HUGE_VAL;
    if (!isinf(c->spec.d) && (*end || !(c->spec.d >= 4 && c->spec.d <= 1e9)))
        return bad(c, "d must be an integer >= 4, or inf", err);
    return MF_OK;
}

/* One line "key value". */
static mf_status read_fact(mf_certificate *c, const char *key, const char *value, mf_error *err) {
    mf_box box;
    char *end;
    if (!strcmp(key, "d"))
        return read_dimension(c, value, err);
    if (!strcmp(key, "knot"))
        return read_knot(c, value, err);
    if (!strcmp(key, "delta") && strlen(value) < MF_EXACT_TEXT) {
        c->spec.all_below = !strncmp(value, "up to ", 6);
        strcpy(c->spec.delta.text, value + (c->spec.all_below ? 6 : 0));
    } else if (!strcmp(key, "r_star") && strlen(value) < MF_BALL_TEXT)
        strcpy(c->r_star, value);
    else if (!strcmp(key, "verdict") && !strcmp(value, "true"))
        c->verdict = MF_PROVED;
    else if (!strcmp(key, "verdict") && !strcmp(value, "false"))
        c->verdict = MF_REFUTED;
    else if (!strcmp(key, "bits"))
        c->spec.bits = strtoul(value, &end, 10);
    else if (!strcmp(key, "far"))
        c->far = strtod(value, &end);
    else if (!strcmp(key, "around") && read_box(value, &box))
        c->around = box;
    else if (!strcmp(key, "violation") && read_box(value, &box))
        c->violation = box;
    else if (!strcmp(key, "box") && read_box(value, &box))
        return mf_cover_accept(&c->cover, box, err);
    else
        return bad(c, "not understood", err);
    return MF_OK;
}

static mf_status read_lines(mf_certificate *c, mf_error *err) {
    char *line;
    mf_status status = MF_OK;
    while ((line = next_line(c)) && status >= 0) {
        if (!strcmp(line, "end"))
            return *c->at ? bad(c, "there is text behind the end", err) : MF_OK;
        char *space = strchr(line, ' ');
        if (!space)
            return bad(c, "not understood", err);
        *space = 0;
        status = read_fact(c, line, space + 1, err);
    }
    return status < 0 ? status : bad(c, "the end is missing", err);
}

mf_status mf_certificate_read(mf_certificate *c, const char *path, mf_error *err) {
    enum { LARGEST = 1 << 26 };
    mf_file file = {0};
    *c = (mf_certificate){.verdict = MF_UNDECIDED, .line = 1, .violation.low = -1};
    mf_status status = mf_file_open(&file, path, MAGIC, strlen(MAGIC), err);
    size_t size = file.size;
    if (status >= 0 && size > LARGEST)
        status = mf_fail(err, MF_EFORMAT, "the certificate has more than %d bytes", LARGEST);
    if (status >= 0 && !(c->text = malloc(size + 1)))
        status = mf_fail(err, MF_ENOMEM, "no memory for %zu bytes", size);
    if (status >= 0)
        status = mf_file_read(&file, path, 0, c->text, size, err);
    mf_file_close(&file);
    if (status >= 0) {
        c->text[size] = 0;
        c->at = c->text + strlen(MAGIC);
        status = strlen(c->text) == size ? read_lines(c, err) : bad(c, "a zero byte", err);
    }
    if (status >= 0 && (c->verdict == MF_UNDECIDED || c->spec.knots < 2 || !c->spec.d ||
                        c->spec.bits < 16 || c->spec.bits > 4096 || !*c->r_star))
        status = mf_fail(err, MF_EFORMAT,
                         "the certificate lacks d, knots, verdict, r_star or bits in [16, 4096]");
    if (status < 0)
        mf_certificate_clear(c);
    return status;
}

void mf_certificate_clear(mf_certificate *c) {
    free(c->text);
    c->text = NULL;
    mf_cover_clear(&c->cover);
}
