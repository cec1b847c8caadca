import { Component, type ReactNode } from "react";
import { ErrorNote } from "../parts/error-note.tsx";

interface BoundaryProps {
  readonly children: ReactNode;
}

/** A view that breaks takes nothing else with it. React asks for a class here. */
export class Boundary extends Component<BoundaryProps, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="page">
        <h1>This view could not be shown</h1>
        <ErrorNote error={error} onRetry={() => location.reload()} />
      </div>
    );
  }
}
