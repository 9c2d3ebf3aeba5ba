import { Component, type ErrorInfo, type ReactNode } from "react";

/** Catches faults of the page's own code: says so in words and keeps the rest of the page alive. */
export class ErrorBoundary extends Component<{ children: ReactNode; place: string }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    // For whoever opens the browser's console; people get the words below.
    console.error(error, info.componentStack);
  }

  override componentDidUpdate(before: { place: string }): void {
    if (before.place !== this.props.place && this.state.broken) this.setState({ broken: false });
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="wrap section trouble" role="alert">
        <b>This view could not be drawn.</b>
        <p>It is a fault in the page, not in your data: nothing is lost, and the other views still work.</p>
        <p>
          <button type="button" className="text-button" onClick={() => this.setState({ broken: false })}>
            Draw it again
          </button>
        </p>
      </div>
    );
  }
}
