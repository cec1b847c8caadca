/** Three that stand in a row: how the name is drawn. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 18 18" aria-hidden="true" focusable="false">
      <rect width="4.5" height="18" rx="1" />
      <rect x="6.75" width="4.5" height="18" rx="1" opacity="0.6" />
      <rect x="13.5" width="4.5" height="18" rx="1" opacity="0.3" />
    </svg>
  );
}
