/* prove.c: mf.prove, theorems in ball arithmetic and the check of their certificates. */
#include "proof.h"

#include <math.h>

/* ---- Lemma 1 ------------------------------------------------------------------------------------- */

typedef struct {
    double d;
    size_t bits;
    const char *certificate;
} lemma1_options;

static const mfl_field lemma1_fields[] = {
        MFL_PROOF_D(lemma1_options),
        {"delta", MFL_ANY, .flags = MFL_REQUIRED,
         .aux = "a number in (0, 1) or a string such as '0.3', or {0, x}",
         .text = "separation of the two Gaussians, taken exactly; {0, x}: every Delta in (0, x] at "
                 "once, for d = inf (margins are then in units of Delta)"},
        MFL_PROOF_ACTIVATION,
        MFL_PROOF_BITS(lemma1_options),
        {"certificate", MFL_STRING, offsetof(lemma1_options, certificate), .flags = MFL_OPTIONAL,
         .aux = "a path", .text = "file to write the proof to, for mf.prove.check"},
        {"r_star", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a number or a string",
         .text = "taken for r_star (within 1e-6 of it) instead of searching; nothing is proved if "
                 "it is wrong"},
        MFL_END};

static void free_prover(void *p) {
    mf_prover_free(p);
}

static void set_text(lua_State *L, const char *key, const char *text) {
    if (!*text)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_count(lua_State *L, const char *key, size_t n) {
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, key);
}

static int push_proof(lua_State *L, const mf_lemma1_proof *r, const char *certificate) {
    lua_createtable(L, 0, 12);
    if (r->verdict != MF_UNDECIDED) {
        lua_pushboolean(L, r->verdict == MF_PROVED);
        lua_setfield(L, -2, "proved");
        set_text(L, "certificate", certificate ? certificate : "");
    }
    set_text(L, "r_star", r->r_star);
    set_text(L, "risk", r->risk);
    set_text(L, "zero", r->zero);
    set_text(L, "infinity", r->infinity);
    set_text(L, "place", r->place);
    set_text(L, "margin", r->margin);
    set_count(L, "boxes", r->boxes);
    set_count(L, "terms", r->terms);
    set_count(L, "bits", r->bits);
    return 1;
}

static int lemma1(lua_State *L) {
    static const char where[] = "mf.prove.lemma1";
    lemma1_options o = {0};
    mf_proof_spec spec = {0};
    mf_exact r_star;
    mf_error err = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, lemma1_fields, &o); /* at 2 */
    spec.d = o.d;
    spec.bits = o.bits;
    mfl_exact_delta(L, where, 2, &spec);
    mfl_exact_activation(L, where, 2, &spec);
    if (lua_getfield(L, 2, "r_star") != LUA_TNIL) {
        mfl_exact_option(L, where, 2, "r_star", &r_star);
        spec.r_star = r_star.text;
    }
    mfl_owned *owned = mfl_owned_push(L, free_prover);
    mf_prover *p = NULL;
    mf_status status = mf_prover_new(&p, &spec, &err);
    owned->object = p;
    mfl_status(L, where, status, &err);
    mfl_task *task = mfl_task_push(L, "proof", 0, 1);
    while (status >= 0 && !mf_prover_over(p)) {
        status = mf_prover_step(p, mfl_stop(), &err);
        if (mfl_task_tick(task, mf_prover_done(p)))
            break;
    }
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    mfl_task_raise(L, where);
    if (o.certificate && mf_prover_result(p)->verdict != MF_UNDECIDED)
        mfl_status(L, where, mf_prover_write(p, o.certificate, &err), &err);
    return push_proof(L, mf_prover_result(p), o.certificate);
}

/* ---- the checker ------------------------------------------------------------------------------------ */

static void free_checker(void *c) {
    mf_checker_free(c);
}

static int check(lua_State *L) {
    static const char where[] = "mf.prove.check";
    mf_error err = {0};
    const char *path = mfl_path(L, 1);
    mfl_owned *owned = mfl_owned_push(L, free_checker);
    mf_checker *c = NULL;
    mf_status status = mf_checker_new(&c, path, &err);
    owned->object = c;
    if (status == MF_EIO || status == MF_EFORMAT) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    mfl_status(L, where, status, &err);
    mfl_task *task = mfl_task_push(L, "check", 0, 1);
    while (status >= 0 && !mf_checker_over(c)) {
        status = mf_checker_step(c, mfl_stop(), &err);
        if (mfl_task_tick(task, mf_checker_done(c)))
            break;
    }
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    mfl_task_raise(L, where);
    lua_pushboolean(L, mf_checker_result(c)->accepted);
    lua_pushstring(L, mf_checker_result(c)->text);
    return 2;
}

static const mfl_fn prove_functions[] = {
        {"lemma1", lemma1, "mf.prove.lemma1{d=, delta=, activation=}",
         "Proves or refutes Lemma 1 in ball arithmetic. Returns {proved=, r_star=, risk=, zero=, "
         "infinity=, place=, margin=, boxes=, terms=, bits=, certificate=}. proved = true: the "
         "uniform law on the sphere of radius r_star is a global minimizer of the risk, and r_star "
         "the only global minimizer of Eq. 14 on [0, inf]; false: r_star is the only global "
         "minimizer of Eq. 14, and the margin of Lemma 1 is negative at `place`, where it is "
         "`margin`; nil: undecided with at most `bits`, and `place` says where. Enclosures are "
         "strings '[middle +/- radius]': r_star, its risk, the margins at r = 0 and r = inf.",
         lemma1_fields},
        {"check", check, "ok, text = mf.prove.check(path)",
         "Verifies a certificate of mf.prove.lemma1 with twice its precision and thirds of its "
         "boxes, trusting nothing in it. Returns true and the theorem; false and what is wrong; "
         "nil and a message if the file cannot be read or is not a certificate.",
         NULL},
        {"interval", mfl_prove_interval, "low, high, ends = mf.prove.interval{d=, activation=}",
         "Encloses the ends of the interval (Delta_d^l, Delta_d^h) around which Lemma 1 begins and "
         "ceases to hold, by bisection with proofs from where mf.stability.interval sees them. "
         "Returns two strings '[middle +/- radius]' (nil: not decided with `bits`, or there is no "
         "interval) and a table; ends.low and ends.high give {proved=, text=, holds=, fails=, "
         "place=, r_star=}: decimals Delta on both sides of the end for which the lemma is proved "
         "and refuted, and the radius at which it fails. At d = inf the low end is '0': "
         "ends.low.all_below "
         "says that the lemma is proved for every Delta in (0, holds].",
         mfl_prove_interval_fields},
        {"optimum", mfl_prove_optimum, "mf.prove.optimum(optimum, {...})",
         "Bounds the risk of all measures on [0, inf] from below in ball arithmetic, by Psi of the "
         "optimum (mf.optimum of an mf.potential.radial, Eq. 17). Returns {proved=, lower=, "
         "upper=, "
         "gap=, boxes=, bits=}: inf R lies between the enclosures `lower` and `upper` (the risk of "
         "the optimum's measure, whose doubles are taken exactly, weights divided by their sum); "
         "gap bounds the difference. proved is nil, and `place` says where, if Psi could not be "
         "bounded.",
         mfl_prove_optimum_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_prove(lua_State *L) {
    lua_newtable(L);
    mfl_functions(L, "mf.prove", prove_functions);
    lua_setfield(L, -2, "prove");
}
