/**
 * What two node processes move over a bare loopback socket in 64 KiB writes: no encryption, no check, no disk. Transfers
 * are measured against it, in turn, so that both see the same machine. Run as a child it is one of the two ends.
 */
import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const WRITE_BYTES = 64 * 1024
const MIB = 1024 * 1024

/** MiB a second. */
export async function pump(sizeBytes: number): Promise<number> {
  const file = fileURLToPath(import.meta.url)
  const sender = spawn(process.execPath, [file, 'send', String(sizeBytes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const port = await firstLine(sender.stdout)
    const receiver = spawn(process.execPath, [file, 'receive', port], { stdio: ['ignore', 'pipe', 'inherit'] })
    const rate = Number(await firstLine(receiver.stdout))
    assert(rate > 0, 'the pump says its rate')
    return rate
  } finally {
    sender.kill('SIGKILL')
  }
}

function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stream.on('data', (data: Buffer) => {
      text += data.toString()
      if (text.includes('\n')) resolve(text.trim())
    })
    stream.on('end', () => reject(new Error(`the pump ended with "${text}"`)))
  })
}

function send(sizeBytes: number): void {
  const block = Buffer.alloc(WRITE_BYTES, 7)
  const server = createServer((socket) => {
    let leftBytes = sizeBytes
    const write = (): void => {
      while (leftBytes > 0) {
        leftBytes -= WRITE_BYTES
        if (!socket.write(block)) return
      }
      socket.end()
    }
    socket.on('drain', write)
    write()
  })
  server.listen(0, '127.0.0.1', () => {
    const at = server.address()
    assert(typeof at === 'object' && at !== null, 'it listens')
    process.stdout.write(`${at.port}\n`)
  })
}

function receive(port: number): void {
  let bytes = 0
  let since = 0
  const socket = connect(port, '127.0.0.1', () => {
    since = performance.now()
  })
  socket.on('data', (data) => {
    bytes += data.length
  })
  socket.on('end', () => process.stdout.write(`${bytes / MIB / ((performance.now() - since) / 1000)}\n`))
}

const [, self, role, argument] = process.argv
if (self === fileURLToPath(import.meta.url)) {
  if (role === 'send') send(Number(argument))
  else receive(Number(argument))
}
