// Imported first: the issuer is made for development, and says so on the console when it loads and at every start. That is known.
for (const level of ['info', 'warn'] as const) {
  const print = console[level]
  console[level] = (...text: unknown[]) => {
    if (!String(text[0]).includes('oidc-provider')) print(...text)
  }
}
