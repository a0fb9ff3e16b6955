// Names as PostgreSQL keeps them.

/** Bytes of an identifier (NAMEDATALEN less its zero byte): the server cuts the rest off, so that two may be one. */
export const MAX_IDENTIFIER = 63
