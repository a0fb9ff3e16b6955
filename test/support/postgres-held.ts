// A process of its own that starts PostgreSQL, says so, and waits: its tests end it in every way.
import { startPostgres } from './postgres.ts'

const server = await startPostgres()
const [row] = await server.query('SHOW data_directory')
process.stdout.write(`${JSON.stringify({ port: server.port, data: row?.data_directory })}\n`)
if (process.argv[2] === 'exit') process.exit(0)
setInterval(() => {}, 1000)
