/** The list of transfers that the user sees and steers: running ones, and the last few that ended. */
import { done, type Result, refused, type TransferView } from '../api.js'

const MAX_ENDED = 16

export interface Transfer {
  view(): Omit<TransferView, 'n'>
  /** Null where it cannot be done, e.g. pausing what others download from here. */
  control(action: 'pause' | 'resume' | 'cancel'): boolean
}

export class Transfers {
  readonly #running = new Map<number, Transfer>() // capped by those who add: downloads and uploads
  readonly #ended: TransferView[] = [] // at most MAX_ENDED
  #last = 0

  /** There are others than before. */
  onChange: () => void = () => {}

  add(transfer: Transfer): number {
    this.#running.set(++this.#last, transfer)
    this.onChange()
    return this.#last
  }

  /** Moves it among the ended ones; `keep` false: it just goes. */
  end(n: number, keep: boolean): void {
    const transfer = this.#running.get(n)
    if (transfer === undefined) return
    this.#running.delete(n)
    if (keep) this.#ended.push({ n, ...transfer.view() })
    if (this.#ended.length > MAX_ENDED) this.#ended.shift()
    this.onChange()
  }

  views(): readonly TransferView[] {
    return [...this.#ended, ...[...this.#running].map(([n, transfer]) => ({ n, ...transfer.view() }))]
  }

  control(n: number, action: 'pause' | 'resume' | 'cancel'): Result<TransferView> {
    const transfer = this.#running.get(n)
    if (transfer === undefined) return refused(`No transfer ${n} is running (transfers lists them)`)
    const before = transfer.view()
    if (!transfer.control(action)) return refused(`Transfer ${n} of "${before.name}" cannot ${action} now`)
    return done({ n, ...(this.#running.has(n) ? transfer.view() : (this.#endedView(n) ?? before)) })
  }

  #endedView(n: number): Omit<TransferView, 'n'> | undefined {
    return this.#ended.find((view) => view.n === n)
  }
}
