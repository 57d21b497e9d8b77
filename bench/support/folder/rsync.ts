/** rsync over loopback, from a daemon of our own: the rival for many small files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

const START_MS = 10_000

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, daemon: ChildProcess): Promise<void> {
  const end = performance.now() + START_MS
  while (performance.now() < end && daemon.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const answered = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the rsync daemon does not listen: is rsync installed?')
}

/** Seconds to copy everything below `from` into the new directory `to`; null where there is no rsync. */
export async function rsyncSeconds(
  from: string,
  to: string,
  home: string,
  extra: readonly string[],
): Promise<number | null> {
  const port = await freePort()
  const config = join(home, `rsyncd-${port}.conf`)
  // as root the daemon would step down to somebody who may not read the folder
  const who = process.getuid?.() === 0 ? ['uid = 0', 'gid = 0'] : []
  const settings = [...who, 'use chroot = no', `pid file = ${config}.pid`, `log file = ${config}.log`]
  writeFileSync(config, [...settings, '[from]', `path = ${from}`, 'read only = yes', ''].join('\n'))
  mkdirSync(to)
  const words = ['--daemon', '--no-detach', `--config=${config}`, '--address=127.0.0.1', `--port=${port}`]
  const daemon = spawn('rsync', words, { stdio: 'ignore' })
  const missing = new Promise<'missing'>((resolve) => daemon.once('error', () => resolve('missing')))
  try {
    if ((await Promise.race([missing, listening(port, daemon)])) === 'missing') return null
    const since = performance.now()
    const client = spawn('rsync', ['-a', ...extra, `rsync://127.0.0.1:${port}/from/`, `${to}/`], { stdio: 'inherit' })
    const [exit] = await once(client, 'exit')
    if (exit !== 0) throw new Error(`rsync ended with ${exit}`)
    return (performance.now() - since) / 1000
  } finally {
    daemon.kill()
  }
}
