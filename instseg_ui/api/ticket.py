"""What one request is known by."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ticket:
    """A request's `logId`: a fresh UUID, or the one that came in its body."""

    log_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def adopt(self, log_id: object) -> None:
        """Take over the caller's own id, as PaddleX does for errors; only a UUID is one."""
        try:
            self.log_id = str(uuid.UUID(log_id)) if isinstance(log_id, str) else self.log_id
        except ValueError:
            return
