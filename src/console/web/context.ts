// One request for a page.
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

export type WebContext = Context<{ Bindings: HttpBindings }>
