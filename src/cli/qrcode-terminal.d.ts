/** What is used of qrcode-terminal, which has no types. */
declare module 'qrcode-terminal' {
  const qrcode: {
    generate(text: string, options: { readonly small: boolean }, drawn: (code: string) => void): void
  }
  export = qrcode
}
