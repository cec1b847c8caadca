import type { ButtonHTMLAttributes, ReactNode } from "react";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";
import { Spinner } from "./loading.tsx";

type Native = ButtonHTMLAttributes<HTMLButtonElement>;

export interface ButtonProps extends Native {
  /** Has the focus when its dialog opens. */
  readonly "data-first"?: "" | undefined;
  /** `danger-full` is for the last press of what cannot be undone. */
  readonly kind?: "plain" | "primary" | "quiet" | "danger" | "danger-full";
  readonly isSmall?: boolean;
  /** Shows that it works on it, and takes no presses meanwhile. */
  readonly isBusy?: boolean;
  readonly icon?: IconName;
  readonly children?: ReactNode;
}

export function Button(props: ButtonProps) {
  const {
    kind = "plain",
    isSmall = false,
    isBusy = false,
    icon,
    children,
    className,
    disabled,
    ...rest
  } = props;
  return (
    <button
      type="button"
      {...rest}
      className={classes(
        "button",
        kind !== "plain" && `button-${kind}`,
        isSmall && "button-small",
        className,
      )}
      disabled={disabled === true || isBusy}
      aria-busy={isBusy || undefined}
    >
      {isBusy ? <Spinner /> : icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is only a drawing; `label` is its hint and its name. */
export function IconButton({
  label,
  icon,
  kind = "quiet",
  className,
  ...rest
}: Omit<ButtonProps, "children"> & { readonly label: string; readonly icon: IconName }) {
  return (
    <Button
      {...rest}
      kind={kind}
      icon={icon}
      className={classes("icon-button", className)}
      aria-label={label}
      data-tip={label}
    />
  );
}
