/** The one tooltip of the page. Text only: what it says comes from histories and is never markup. */
const tip = document.querySelector<HTMLElement>('#tip');

export function showTip(text: string, x: number, y: number): void {
  if (tip === null) return;
  const [first = '', ...rest] = text.split('\n');
  const strong = document.createElement('strong');
  strong.textContent = first;
  tip.replaceChildren(strong, ...rest.flatMap((line) => [document.createElement('br'), line]));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 14 + width > innerWidth ? x - 14 - width : x + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, y + 14 + height > innerHeight ? y - 14 - height : y + 14)}px`;
}

export function hideTip(): void {
  if (tip !== null) tip.hidden = true;
}
