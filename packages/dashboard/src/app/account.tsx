import type { DashboardSession } from "@muster/sdk";
import { signOut } from "../data/session.ts";
import { type Theme, useTheme } from "../data/use-theme.ts";
import { IconButton } from "../parts/button.tsx";

const themes = [
  { id: "auto", label: "Colours as this device has them", icon: "auto" },
  { id: "light", label: "Light colours", icon: "sun" },
  { id: "dark", label: "Dark colours", icon: "moon" },
] as const;

/** Who is here, and how they want to see it. */
export function Account({ session }: { readonly session: DashboardSession }) {
  const [theme, setTheme] = useTheme();
  return (
    <div className="account">
      <div className="account-who">
        <p className="one-line strong">{session.is_open ? "No key needed" : session.key_name}</p>
        <p className="one-line tiny faint">
          {session.is_open ? "This machine only" : `Tenant ${session.tenant}`} · {session.version}
        </p>
      </div>
      <div className="account-tools">
        <ThemeSwitch theme={theme} onChoose={setTheme} />
        {!session.is_open && (
          <IconButton label="Sign out" icon="exit" isSmall onClick={() => void signOut()} />
        )}
      </div>
    </div>
  );
}

function ThemeSwitch(props: { readonly theme: Theme; readonly onChoose: (theme: Theme) => void }) {
  const index = themes.findIndex(({ id }) => id === props.theme);
  const current = themes[index] ?? themes[0];
  const next = themes[(index + 1) % themes.length] ?? themes[0];
  return (
    <IconButton
      label={`${current.label}. Next: ${next.label.toLowerCase()}`}
      icon={current.icon}
      isSmall
      onClick={() => props.onChoose(next.id)}
    />
  );
}
