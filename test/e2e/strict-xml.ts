/** A small, strict reader of XML 1.0: elements, attributes and text; whatever else or malformed throws with its place. */

export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: (XmlElement | string)[]
}

const NAME = /[A-Za-z_][\w.:-]*/y
/** Production 2 of XML 1.0, without the discouraged control characters. */
const FIT = /^[\n\r\t\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

export function parseXml(source: string): XmlElement {
  if (!FIT.test(source)) throw new Error('a character that XML does not allow')
  let at = 0
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${source.slice(at, at + 40)}`)
  }
  const skip = (expected: string): void => {
    if (!source.startsWith(expected, at)) fail(`no ${expected}`)
    at += expected.length
  }
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(source)?.[0] ?? fail(`no ${pattern}`)
    at += found.length
    return found
  }
  const decoded = (text: string): string =>
    text.replace(/&([^;&\s]*;?)/g, (_, name: string) => {
      return ENTITIES[name.replace(/;$/, '')] !== undefined && name.endsWith(';')
        ? ENTITIES[name.slice(0, -1)]!
        : fail(`the entity &${name}`)
    })
  const attributes = (): Map<string, string> => {
    const found = new Map<string, string>()
    while (/\s/.test(source[at] ?? '')) {
      match(/\s+/y)
      if (/[/>]/.test(source[at] ?? '')) break
      const name = match(NAME)
      if (found.has(name)) fail(`${name} twice`)
      skip('="')
      const value = match(/[^"<]*/y)
      skip('"')
      found.set(name, decoded(value))
    }
    return found
  }
  const element = (): XmlElement => {
    skip('<')
    const name = match(NAME)
    const here: XmlElement = { name, attributes: attributes(), children: [] }
    if (source.startsWith('/>', at)) {
      at += 2
      return here
    }
    skip('>')
    while (!source.startsWith('</', at)) {
      if (at >= source.length) fail(`no end of ${name}`)
      if (source[at] === '<') here.children.push(element())
      else {
        const text = match(/[^<]+/y)
        if (text.includes(']]>')) fail(']]> in text')
        here.children.push(decoded(text))
      }
    }
    skip(`</${name}>`)
    return here
  }
  const root = element()
  if (source.slice(at).trim() !== '') fail('something after the end')
  return root
}

/** All elements of that name, in their order. */
export function elementsOf(root: XmlElement, name: string): readonly XmlElement[] {
  const inner = root.children.flatMap((child) => (typeof child === 'string' ? [] : elementsOf(child, name)))
  return root.name === name ? [root, ...inner] : inner
}

export const textOf = (element: XmlElement): string =>
  element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('')
