"""certainty, fresh fixes asked for, the ladder, contact bans, doubts about devices

The memory of the monitor has another form from here on: it is emptied, checkpoints are dropped, and every subject is derived anew
from her stored reports at the next evaluation.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import corrections.store.types

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('contact_ban',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('basis', sa.String(), nullable=False),
    sa.Column('distance_m', sa.Float(), nullable=False),
    sa.Column('minutes', sa.Float(), nullable=False),
    sa.Column('valid_from', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('valid_until', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('approved_by', sa.String(), nullable=False),
    sa.Column('approved_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('revoked_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_contact_ban_bureau_id')),
    sa.ForeignKeyConstraint(['other_id'], ['subject.id'], name=op.f('fk_contact_ban_other_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_contact_ban_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_ban'))
    )
    with op.batch_alter_table('contact_ban', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_ban_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_ban_other_id'), ['other_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_ban_subject_id'), ['subject_id'], unique=False)

    op.create_table('fix_request',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('asked_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('asked_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('expires_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('told_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('answered_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['officer.id'], name=op.f('fk_fix_request_asked_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_fix_request_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fix_request'))
    )
    with op.batch_alter_table('fix_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_fix_request_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_fix_request_subject_id'), ['subject_id'], unique=False)

    op.create_table('device_flag',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('device_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('since', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('until', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('detail', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['device_id'], ['device.id'], name=op.f('fk_device_flag_device_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_device_flag_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device_flag'))
    )
    with op.batch_alter_table('device_flag', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_device_flag_device_id'), ['device_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_device_flag_subject_id'), ['subject_id'], unique=False)

    op.create_table('notice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('recipient', sa.String(), nullable=False),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('violation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('text_zh', sa.String(), nullable=False),
    sa.Column('text_en', sa.String(), nullable=False),
    sa.Column('at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('done_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('done_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['done_by'], ['officer.id'], name=op.f('fk_notice_done_by')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_notice_officer_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_notice_subject_id')),
    sa.ForeignKeyConstraint(['violation_id'], ['violation.id'], name=op.f('fk_notice_violation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_officer_id'), ['officer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_violation_id'), ['violation_id'], unique=False)

    op.create_table('rule_settings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('valid_from', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('boundary', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rule_settings'))
    )

    # Not as a batch: SQLite would make the table anew, without its triggers.
    op.add_column('report', sa.Column('charging', sa.Boolean(), nullable=True))
    op.add_column('report', sa.Column('client_state', sa.String(), nullable=False, server_default=''))

    with op.batch_alter_table('subject_state', schema=None) as batch_op:
        batch_op.add_column(sa.Column('certainty', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('uncertain_since', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('battery_pct', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('low_battery_since', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('permission_off_since', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('patterns_from', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.create_index(batch_op.f('ix_subject_state_patterns_from'), ['patterns_from'], unique=False)

    with op.batch_alter_table('violation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('rung', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('rung_due_at', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.drop_index(batch_op.f('uq_violation_open'), sqlite_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"))
        batch_op.create_index('uq_violation_open', ['subject_id', 'rule', 'zone_id', 'other_id'], unique=True, sqlite_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"), postgresql_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"))
        batch_op.create_index(batch_op.f('ix_violation_rung_due_at'), ['rung_due_at'], unique=False)

    op.execute("DELETE FROM checkpoint")
    empty = "''" if op.get_bind().dialect.name == "postgresql" else "X''"
    op.execute(f"UPDATE subject_state SET memory = {empty}, revise_from = fix_time WHERE fix_time IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table('violation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_violation_rung_due_at'))
        batch_op.drop_index('uq_violation_open', sqlite_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"), postgresql_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"))
        batch_op.create_index(batch_op.f('uq_violation_open'), ['subject_id', 'rule', 'zone_id'], unique=True, sqlite_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"), postgresql_where=sa.text("ended_at IS NULL AND review_state <> 'withdrawn'"))
        batch_op.drop_column('rung_due_at')
        batch_op.drop_column('rung')
        batch_op.drop_column('other_id')

    with op.batch_alter_table('subject_state', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subject_state_patterns_from'))
        batch_op.drop_column('patterns_from')
        batch_op.drop_column('permission_off_since')
        batch_op.drop_column('low_battery_since')
        batch_op.drop_column('battery_pct')
        batch_op.drop_column('uncertain_since')
        batch_op.drop_column('certainty')

    op.drop_column('report', 'client_state')
    op.drop_column('report', 'charging')
    op.drop_table('rule_settings')

    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_violation_id'))
        batch_op.drop_index(batch_op.f('ix_notice_subject_id'))
        batch_op.drop_index(batch_op.f('ix_notice_officer_id'))
        batch_op.drop_index(batch_op.f('ix_notice_at'))

    op.drop_table('notice')
    with op.batch_alter_table('device_flag', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_device_flag_subject_id'))
        batch_op.drop_index(batch_op.f('ix_device_flag_device_id'))

    op.drop_table('device_flag')
    with op.batch_alter_table('fix_request', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_fix_request_subject_id'))
        batch_op.drop_index(batch_op.f('ix_fix_request_expires_at'))

    op.drop_table('fix_request')
    with op.batch_alter_table('contact_ban', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_ban_subject_id'))
        batch_op.drop_index(batch_op.f('ix_contact_ban_other_id'))
        batch_op.drop_index(batch_op.f('ix_contact_ban_bureau_id'))

    op.drop_table('contact_ban')
