/* interval.c: mf.prove.interval, the ends of the interval in which Lemma 1 holds. */
#include "proof.h"

#include <math.h>

#define WHERE "mf.prove.interval"

typedef struct {
    double d;
    size_t digits, bits;
    const char *certificates;
} interval_options;

const mfl_field mfl_prove_interval_fields[] = {
        MFL_PROOF_D(interval_options),
        MFL_PROOF_ACTIVATION,
        {"digits", MFL_COUNT, offsetof(interval_options, digits), .low = 1, .high = 30,
         .fallback = 10, .text = "decimals of the ends: each within half of 10^-digits"},
        MFL_PROOF_BITS(interval_options),
        {"certificates", MFL_STRING, offsetof(interval_options, certificates),
         .flags = MFL_OPTIONAL, .aux = "the beginning of paths",
         .text = "writes the proofs on both sides of both ends to this with .low.fails, "
                 ".low.holds, "
                 ".high.holds, .high.fails behind it"},
        MFL_END};

static void free_interval(void *p) {
    mf_interval_free(p);
}

static void set_text(lua_State *L, const char *key, const char *text) {
    if (!*text)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void push_end(lua_State *L, const mf_proved_end *end, const char *key) {
    lua_createtable(L, 0, 5);
    set_text(L, "text", end->text);
    set_text(L, "holds", end->holds);
    set_text(L, "fails", end->fails);
    set_text(L, "place", end->place);
    set_text(L, "r_star", end->r_star);
    if (end->all_below) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "all_below");
    }
    lua_pushboolean(L, end->found);
    lua_setfield(L, -2, "proved");
    lua_setfield(L, -2, key);
}

static int push_interval(lua_State *L, const mf_proved_interval *r) {
    for (int i = 0; i < 2; ++i)
        if (r->exists && r->end[i].found)
            lua_pushstring(L, r->end[i].text);
        else
            lua_pushnil(L);
    lua_createtable(L, 0, 4);
    if (r->exists) {
        push_end(L, r->end, "low");
        push_end(L, r->end + 1, "high");
    }
    lua_pushinteger(L, (lua_Integer)r->proofs);
    lua_setfield(L, -2, "proofs");
    lua_pushinteger(L, (lua_Integer)r->boxes);
    lua_setfield(L, -2, "boxes");
    return 3;
}

int mfl_prove_interval(lua_State *L) {
    interval_options o = {0};
    mf_interval_spec spec = {.prefix = NULL};
    mf_error err = {0};
    lua_settop(L, 1);
    mfl_options(L, WHERE, 1, mfl_prove_interval_fields, &o); /* at 2 */
    mfl_exact_activation(L, WHERE, 2, &spec.problem);
    spec.problem.d = o.d;
    spec.problem.bits = o.bits;
    spec.digits = o.digits;
    spec.prefix = o.certificates;
    mfl_owned *owned = mfl_owned_push(L, free_interval);
    mfl_task *task = mfl_task_push(L, "proof", 0, 1);
    mf_interval_prover *p = NULL;
    mf_status status = mf_interval_new(&p, &spec, mfl_stop(), &err);
    owned->object = p;
    while (status >= 0 && !mf_interval_over(p)) {
        status = mf_interval_step(p, mfl_stop(), &err);
        if (mfl_task_tick(task, mf_interval_done(p)))
            break;
    }
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    mfl_task_raise(L, WHERE);
    return push_interval(L, mf_interval_result(p));
}
