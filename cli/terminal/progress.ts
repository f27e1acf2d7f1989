/** One line that says what is going on, for a person at a terminal; nothing elsewhere. */
export class Progress {
  private readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.stream = stream;
  }

  show(text: string): void {
    if (this.stream.isTTY) this.stream.write(`\r\u001b[K${text} …`);
  }

  end(): void {
    if (this.stream.isTTY) this.stream.write("\r\u001b[K");
  }
}
