/* rng.c: mf.rng, counter-based random numbers for Lua.
 *
 * A source belongs to one draw of one stream. Its calls are numbered, and call c has
 * numbers of its own: what a sample consists of depends on (seed, stream, draw) only. */
#include "rng.h"

#include "array.h"

typedef struct {
    mf_key key;
    uint64_t draw;
    uint64_t calls;
} source;

static const mfl_class rng_class;

void mfl_rng_push(lua_State *L, mf_key key, uint64_t draw) {
    lua_pushnil(L);
    *(source *)mfl_new(L, &rng_class, sizeof(source)) = (source){key, draw, 0};
}

/* The key of the next call: calls are kept apart in the upper half of the stream number. */
static mf_key next_call(lua_State *L, source *s) {
    if (s->calls >= 0x7FFF)
        luaL_error(L, "mf.rng: more than 32767 calls in one draw; ask for more numbers a call");
    mf_key key = s->key;
    key.stream |= s->calls++ << 16;
    return key;
}

static size_t check_count(lua_State *L) {
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 1, 2, "a count >= 1 expected");
    return (size_t)n;
}

static int rng_normals(lua_State *L) {
    source *s = mfl_check(L, 1, MFL_RNG);
    size_t n = check_count(L);
    mf_rng_normals(next_call(L, s), s->draw, n, mfl_array_vector(L, n)->data);
    return 1;
}

static int rng_uniforms(lua_State *L) {
    source *s = mfl_check(L, 1, MFL_RNG);
    size_t n = check_count(L);
    mf_rng_uniforms(next_call(L, s), s->draw, n, mfl_array_vector(L, n)->data);
    return 1;
}

static int rng_normal(lua_State *L) {
    source *s = mfl_check(L, 1, MFL_RNG);
    double x;
    mf_rng_normals(next_call(L, s), s->draw, 1, &x);
    lua_pushnumber(L, x);
    return 1;
}

static int rng_uniform(lua_State *L) {
    source *s = mfl_check(L, 1, MFL_RNG);
    double x;
    mf_rng_uniforms(next_call(L, s), s->draw, 1, &x);
    lua_pushnumber(L, x);
    return 1;
}

typedef struct {
    uint64_t seed, draw;
    size_t stream;
} rng_options;

static const mfl_field rng_fields[] = {
        {"seed", MFL_SEED, offsetof(rng_options, seed), .fallback = 1, .text = "seed"},
        {"stream", MFL_COUNT, offsetof(rng_options, stream), .high = 65535 - MF_STREAM_USER,
         .text = "number of the stream; streams are independent"},
        {"draw", MFL_SEED, offsetof(rng_options, draw), .text = "number of the draw in its stream"},
        MFL_END};

static int rng_new(lua_State *L) {
    rng_options o = {1, 0, 0};
    lua_remove(L, 1); /* called through __call */
    lua_settop(L, 1);
    mfl_options(L, "mf.rng", 1, rng_fields, &o);
    source *s = mfl_new(L, &rng_class, sizeof *s);
    *s = (source){{o.seed, o.stream + MF_STREAM_USER}, o.draw, 0};
    return 1;
}

static const mfl_fn rng_methods[] = {
        {"normals", rng_normals, "rng:normals(n)",
         "n standard normals, an mf.array. Every call gives fresh numbers.", NULL},
        {"uniforms", rng_uniforms, "rng:uniforms(n)", "n uniforms on (0, 1), an mf.array.", NULL},
        {"normal", rng_normal, "rng:normal()", "One standard normal.", NULL},
        {"uniform", rng_uniform, "rng:uniform()", "One uniform on (0, 1).", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class rng_class = {
        MFL_RNG,
        "A source of random numbers for one draw of one stream: the k-th call on equal sources "
        "gives equal numbers (Philox 4x32-10 counters, Box-Muller).",
        rng_methods, NULL, NULL};

static const mfl_fn rng_call[] = {{"__call", rng_new, "mf.rng{seed=, stream=, draw=}",
                                   "A source of random numbers.", rng_fields},
                                  {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_rng(lua_State *L) {
    mfl_class_register(L, &rng_class);
    lua_newtable(L);
    lua_newtable(L);
    mfl_functions(L, "mf.rng", rng_call);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "rng");
}
