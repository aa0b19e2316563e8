"""guessing of passwords: failures of late, and the browsers that are known"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import corrections.store.types

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'known_browser',
        sa.Column('token_hash', sa.String(), nullable=False),
        sa.Column('officer_id', ID, nullable=False),
        sa.Column('created_at', corrections.store.types.UTCDateTime(), nullable=False),
        sa.Column('expires_at', corrections.store.types.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_known_browser_officer_id')),
        sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_known_browser')),
    )
    op.create_index(op.f('ix_known_browser_officer_id'), 'known_browser', ['officer_id'], unique=False)
    op.create_index(op.f('ix_known_browser_expires_at'), 'known_browser', ['expires_at'], unique=False)
    op.create_table(
        'login_failure',
        sa.Column('id', ID, autoincrement=True, nullable=False),
        sa.Column('login', sa.String(), nullable=False),
        sa.Column('origin', sa.String(), nullable=False),
        sa.Column('browser', sa.String(), nullable=False),
        sa.Column('at', corrections.store.types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_login_failure')),
    )
    for column in ('login', 'origin', 'at'):
        op.create_index(op.f(f'ix_login_failure_{column}'), 'login_failure', [column], unique=False)


def downgrade() -> None:
    op.drop_table('login_failure')
    op.drop_table('known_browser')
