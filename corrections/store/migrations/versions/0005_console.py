"""the console: the purpose of a log-in's looks at locations, when it was last recorded that its map was looked at, what asks for attention, and
who is out of contact"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import corrections.store.types

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('login_session', sa.Column('purpose', sa.String(), nullable=False, server_default=''))
    op.add_column('login_session', sa.Column('map_read_at', corrections.store.types.UTCDateTime(), nullable=True))
    going_on = sa.text("rule = 'silence' AND ended_at IS NULL")
    attention = sa.text("review_state IN ('queued', 'claimed') OR (review_state = 'decided' AND new_evidence IS TRUE)")
    told = ['bureau_id', 'office_id', 'officer_id', 'severity', 'due_at', 'id', 'rule', 'zone_id', 'ended_at', 'review_state']
    op.create_index('ix_violation_attention', 'violation', told, unique=False, sqlite_where=attention, postgresql_where=attention)
    op.create_index('ix_violation_silence', 'violation', ['bureau_id', 'office_id'], unique=False, sqlite_where=going_on, postgresql_where=going_on)


def downgrade() -> None:
    op.drop_index('ix_violation_attention', table_name='violation')
    op.drop_index('ix_violation_silence', table_name='violation')
    with op.batch_alter_table('login_session', schema=None) as batch_op:
        batch_op.drop_column('map_read_at')
        batch_op.drop_column('purpose')
