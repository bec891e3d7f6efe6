/* host.h: the parts of the meanfield program: calls that Ctrl-C can stop, and the prompt. */
#ifndef MF_HOST_H
#define MF_HOST_H

#include <lua.h>
#include <stdbool.h>

/* Makes Ctrl-C raise a Lua error wherever Lua code or a native loop runs under host_call. */
void host_handle_interrupts(lua_State *L);

/* Calls the function below its n arguments on the stack, with a traceback on error and
 * open to Ctrl-C. Returns the status; on error the message is on the stack.             */
int host_call(lua_State *L, int n, int results);

/* Registers the module "meanfield.host": the same for programs in Lua that run code of others. */
void host_open_module(lua_State *L);

/* True once after a Ctrl-C that came while nothing ran. */
bool host_take_interrupt(void);

/* The signal that has asked the program to end while it ran something: SIGTERM, SIGHUP, or 0. */
int host_terminated(void);

/* The signal that has ended the last host_call or is to end the program: SIGINT too, or 0. */
int host_ended_by(void);

/* Unless the status is LUA_OK: pops the message and writes it to stderr after "name: ". */
int host_report(lua_State *L, const char *name, int status);

/* Reads, evaluates and prints until the end of input. On a terminal with line editing,
 * completion and history; else as lua5.4 -i does.                                       */
void host_repl(lua_State *L);

#endif
