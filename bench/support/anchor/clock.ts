/** Processor time of this process, and how busy the machine is. */
import { loadavg } from 'node:os'

/** Seconds of processor time of this process so far. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** For notes: what else ran. */
export function load(): string {
  return `load ${loadavg()[0]?.toFixed(1)}`
}
