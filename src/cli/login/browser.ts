// Opens an address in the browser of whoever runs the command, where there is one.
import { spawn } from 'node:child_process'

/** Never through a shell, and only for addresses that `trustedUrl` let pass: they begin with http, so they are no option. */
export function openBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(program, [url], { stdio: 'ignore', detached: true })
  // There is none: the address was printed.
  child.on('error', () => undefined)
  child.unref()
}
