import { Link } from "wouter";

export function NotFoundPage() {
  return (
    <div className="page-hero">
      <h1 className="page-title">There is no page at this address.</h1>
      <p className="under">
        <span>
          It may have been cut off when it was copied. Begin at <Link className="link" href="/">Home</Link>, or search with the key{" "}
          <kbd>/</kbd>
        </span>
      </p>
    </div>
  );
}
