// Takes the pictures that the last test run made of a held statement (test/integration/console/film-strip.test.ts) into the
// documentation, as they are: npm run pictures.
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FROM = new URL('../artefacts/film-strip/', import.meta.url)
const TO = new URL('../docs/pictures/', import.meta.url)
const TEST = 'npx vitest run --project integration test/integration/console/film-strip.test.ts'

const names = existsSync(FROM) ? readdirSync(FROM) : []
for (const name of names) {
  copyFileSync(new URL(name, FROM), new URL(name, TO))
  process.stdout.write(`${fileURLToPath(new URL(name, TO))}\n`)
}
if (names.length === 0) {
  process.stderr.write(`There are no pictures of a test run. They are made by\n  ${TEST}\n`)
  process.exitCode = 1
}
