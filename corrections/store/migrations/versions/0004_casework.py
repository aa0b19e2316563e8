"""the working day: roster, deadlines and escalation, channels, rounds, leave requests, measures, the legal clock, the subject's own view

Statements, steps of a search and reports of leave are only ever added to; the content of a file is never changed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import corrections.store.types

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

GUARDED = {
    'stored_file': ('UPDATE',),
    'statement': ('UPDATE', 'DELETE'),
    'search_step': ('UPDATE', 'DELETE'),
    'leave_report': ('UPDATE', 'DELETE'),
}


def guard(tables: dict[str, tuple[str, ...]]) -> None:
    """Triggers that refuse changes, as 0002 makes them."""
    on_postgresql = op.get_bind().dialect.name == 'postgresql'
    for table, operations in tables.items():
        for operation in operations:
            name = f"{table}_refuses_{operation.lower()}"
            if on_postgresql:
                op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            else:
                message = f"{operation} of {table} is refused: it is append-only"
                op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END")


def upgrade() -> None:
    op.create_table('lease',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('expires_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_lease'))
    )
    op.create_table('schedule_mark',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_schedule_mark'))
    )
    op.create_table('stored_file',
    sa.Column('sha256', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('stored_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_stored_file'))
    )
    op.create_table('check_secret',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('commitment', sa.String(), nullable=False),
    sa.Column('valid_from', corrections.store.types.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_check_secret_bureau_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_secret')),
    sa.UniqueConstraint('bureau_id', 'valid_from', name=op.f('uq_check_secret_bureau_id_valid_from'))
    )
    with op.batch_alter_table('check_secret', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_check_secret_bureau_id'), ['bureau_id'], unique=False)

    op.create_table('absence',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('starts_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('ends_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('deputy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('recorded_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('revoked_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['deputy_id'], ['officer.id'], name=op.f('fk_absence_deputy_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_absence_officer_id')),
    sa.ForeignKeyConstraint(['recorded_by'], ['officer.id'], name=op.f('fk_absence_recorded_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_absence'))
    )
    with op.batch_alter_table('absence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_absence_ends_at'), ['ends_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_absence_officer_id'), ['officer_id'], unique=False)

    op.create_table('check_round',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('schedule', sa.String(), nullable=False),
    sa.Column('slot_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('opened_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('due_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('signed_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('signed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('remind_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('escalation', sa.Integer(), nullable=False),
    sa.Column('escalated_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('escalate_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_check_round_bureau_id')),
    sa.ForeignKeyConstraint(['escalated_to'], ['officer.id'], name=op.f('fk_check_round_escalated_to')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_check_round_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_check_round_officer_id')),
    sa.ForeignKeyConstraint(['signed_by'], ['officer.id'], name=op.f('fk_check_round_signed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_round')),
    sa.UniqueConstraint('schedule', 'office_id', 'officer_id', 'slot_at', name=op.f('uq_check_round_schedule_office_id_officer_id_slot_at'))
    )
    with op.batch_alter_table('check_round', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_check_round_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_round_escalate_at'), ['escalate_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_round_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_round_officer_id'), ['officer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_round_remind_at'), ['remind_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_round_state'), ['state'], unique=False)

    op.create_table('duty',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('starts_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('ends_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('recorded_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('revoked_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_duty_bureau_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_duty_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_duty_officer_id')),
    sa.ForeignKeyConstraint(['recorded_by'], ['officer.id'], name=op.f('fk_duty_recorded_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty'))
    )
    with op.batch_alter_table('duty', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_duty_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_duty_ends_at'), ['ends_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_duty_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_duty_officer_id'), ['officer_id'], unique=False)

    op.create_table('attachment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('about_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('added_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('added_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['added_by'], ['officer.id'], name=op.f('fk_attachment_added_by')),
    sa.ForeignKeyConstraint(['sha256'], ['stored_file.sha256'], name=op.f('fk_attachment_sha256')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_attachment_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index('ix_attachment_about_about_id', ['about', 'about_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_attachment_subject_id'), ['subject_id'], unique=False)

    op.create_table('check_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fix_time', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('lat', sa.Float(), nullable=True),
    sa.Column('lon', sa.Float(), nullable=True),
    sa.Column('accuracy_m', sa.Float(), nullable=True),
    sa.Column('side', sa.String(), nullable=False),
    sa.Column('certainty', sa.Float(), nullable=True),
    sa.Column('seen', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('finding', sa.String(), nullable=True),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('found_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('found_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['found_by'], ['officer.id'], name=op.f('fk_check_entry_found_by')),
    sa.ForeignKeyConstraint(['round_id'], ['check_round.id'], name=op.f('fk_check_entry_round_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_check_entry_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_entry')),
    sa.UniqueConstraint('round_id', 'subject_id', name=op.f('uq_check_entry_round_id_subject_id'))
    )
    with op.batch_alter_table('check_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_check_entry_round_id'), ['round_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_entry_subject_id'), ['subject_id'], unique=False)

    op.create_table('check_in',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('schedule', sa.String(), nullable=False),
    sa.Column('slot_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('asked_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('asked_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('expires_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('answered_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('report_id', sa.BigInteger(), nullable=True),
    sa.Column('missed_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('skipped', sa.String(), nullable=False),
    sa.Column('excused_s', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['asked_by'], ['officer.id'], name=op.f('fk_check_in_asked_by')),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_check_in_bureau_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_check_in_office_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_check_in_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_in')),
    sa.UniqueConstraint('schedule', 'subject_id', 'slot_at', name=op.f('uq_check_in_schedule_subject_id_slot_at')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_check_in_token_hash'))
    )
    with op.batch_alter_table('check_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_check_in_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index('ix_check_in_open', ['expires_at'], unique=False, sqlite_where=sa.text("answered_at IS NULL AND missed_at IS NULL AND skipped = ''"), postgresql_where=sa.text("answered_at IS NULL AND missed_at IS NULL AND skipped = ''"))
        batch_op.create_index(batch_op.f('ix_check_in_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_check_in_subject_id'), ['subject_id'], unique=False)

    op.create_table('legal_clock',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('starts_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('proposed_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('basis', sa.String(), nullable=False),
    sa.Column('set_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('set_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('ended_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('ended_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('end_note', sa.String(), nullable=False),
    sa.Column('told', sa.Integer(), nullable=False),
    sa.Column('tell_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['ended_by'], ['officer.id'], name=op.f('fk_legal_clock_ended_by')),
    sa.ForeignKeyConstraint(['set_by'], ['officer.id'], name=op.f('fk_legal_clock_set_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_legal_clock_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_clock'))
    )
    with op.batch_alter_table('legal_clock', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_legal_clock_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_legal_clock_tell_at'), ['tell_at'], unique=False)

    op.create_table('objection',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('about_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('due_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('escalation', sa.Integer(), nullable=False),
    sa.Column('escalate_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('answered_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('answered_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('answer', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['answered_by'], ['officer.id'], name=op.f('fk_objection_answered_by')),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_objection_bureau_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_objection_office_id')),
    sa.ForeignKeyConstraint(['recorded_by'], ['officer.id'], name=op.f('fk_objection_recorded_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_objection_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_objection'))
    )
    with op.batch_alter_table('objection', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_objection_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_objection_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_objection_escalate_at'), ['escalate_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_objection_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_objection_subject_id'), ['subject_id'], unique=False)

    op.create_table('own_link',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('expires_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('last_used_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('revoked_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['officer.id'], name=op.f('fk_own_link_created_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_own_link_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_own_link')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_own_link_token_hash'))
    )
    with op.batch_alter_table('own_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_own_link_subject_id'), ['subject_id'], unique=False)

    op.create_table('leave_request',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('details', sa.String(), nullable=False),
    sa.Column('destination', sa.String(), nullable=False),
    sa.Column('outline', sa.LargeBinary(), nullable=True),
    sa.Column('windows', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('leaves_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('returns_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('total_days', sa.Integer(), nullable=False),
    sa.Column('rank', sa.String(), nullable=False),
    sa.Column('conditions', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('requested_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('requested_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('due_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('tell_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('decision_note', sa.String(), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=False),
    sa.Column('procuratorate_told_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('permit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('extends_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('returned_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('overdue_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_leave_request_bureau_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['officer.id'], name=op.f('fk_leave_request_decided_by')),
    sa.ForeignKeyConstraint(['extends_id'], ['leave_request.id'], name=op.f('fk_leave_request_extends_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_leave_request_office_id')),
    sa.ForeignKeyConstraint(['permit_id'], ['leave_permit.id'], name=op.f('fk_leave_request_permit_id')),
    sa.ForeignKeyConstraint(['requested_by'], ['officer.id'], name=op.f('fk_leave_request_requested_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_leave_request_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leave_request'))
    )
    with op.batch_alter_table('leave_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_leave_request_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_tell_at'), ['tell_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_overdue_at'), ['overdue_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_permit_id'), ['permit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_state'), ['state'], unique=False)
        batch_op.create_index(batch_op.f('ix_leave_request_subject_id'), ['subject_id'], unique=False)

    op.create_table('leave_report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('recorded_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['recorded_by'], ['officer.id'], name=op.f('fk_leave_report_recorded_by')),
    sa.ForeignKeyConstraint(['request_id'], ['leave_request.id'], name=op.f('fk_leave_report_request_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leave_report'))
    )
    with op.batch_alter_table('leave_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_leave_report_request_id'), ['request_id'], unique=False)

    op.create_table('search_case',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clock_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('violation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opened_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opened_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('closed_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('closed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('outcome_note', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_search_case_bureau_id')),
    sa.ForeignKeyConstraint(['clock_id'], ['legal_clock.id'], name=op.f('fk_search_case_clock_id')),
    sa.ForeignKeyConstraint(['closed_by'], ['officer.id'], name=op.f('fk_search_case_closed_by')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_search_case_office_id')),
    sa.ForeignKeyConstraint(['opened_by'], ['officer.id'], name=op.f('fk_search_case_opened_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_search_case_subject_id')),
    sa.ForeignKeyConstraint(['violation_id'], ['violation.id'], name=op.f('fk_search_case_violation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_case'))
    )
    with op.batch_alter_table('search_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_search_case_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_search_case_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_search_case_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_search_case_violation_id'), ['violation_id'], unique=False)

    op.create_table('statement',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('violation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('taken_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('means', sa.String(), nullable=False),
    sa.Column('declined', sa.Boolean(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('recorded_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_statement_subject_id')),
    sa.ForeignKeyConstraint(['taken_by'], ['officer.id'], name=op.f('fk_statement_taken_by')),
    sa.ForeignKeyConstraint(['violation_id'], ['violation.id'], name=op.f('fk_statement_violation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement'))
    )
    with op.batch_alter_table('statement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_statement_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_statement_violation_id'), ['violation_id'], unique=False)

    op.create_table('violation_watch',
    sa.Column('violation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('since', corrections.store.types.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_violation_watch_officer_id')),
    sa.ForeignKeyConstraint(['violation_id'], ['violation.id'], name=op.f('fk_violation_watch_violation_id')),
    sa.PrimaryKeyConstraint('violation_id', 'officer_id', name=op.f('pk_violation_watch'))
    )
    op.create_table('outbox_message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('severity', sa.String(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('text_zh', sa.String(), nullable=False),
    sa.Column('text_en', sa.String(), nullable=False),
    sa.Column('digest', sa.Boolean(), nullable=False),
    sa.Column('created_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('due_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('sent_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('given_up_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('last_error', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_outbox_message_bureau_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_outbox_message_notice_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_outbox_message_officer_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_outbox_message_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_message')),
    sa.UniqueConstraint('key', name=op.f('uq_outbox_message_key'))
    )
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_message_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_message_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_message_notice_id'), ['notice_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_message_officer_id'), ['officer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_message_subject_id'), ['subject_id'], unique=False)

    op.create_table('proposal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('measure', sa.String(), nullable=False),
    sa.Column('ground', sa.String(), nullable=False),
    sa.Column('facts', sa.String(), nullable=False),
    sa.Column('violation_ids', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('statement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('proposed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('proposed_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('seconded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('seconded_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('outcome_on', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('outcome_by', sa.String(), nullable=False),
    sa.Column('document', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['bureau_id'], ['bureau.id'], name=op.f('fk_proposal_bureau_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_proposal_office_id')),
    sa.ForeignKeyConstraint(['proposed_by'], ['officer.id'], name=op.f('fk_proposal_proposed_by')),
    sa.ForeignKeyConstraint(['seconded_by'], ['officer.id'], name=op.f('fk_proposal_seconded_by')),
    sa.ForeignKeyConstraint(['statement_id'], ['statement.id'], name=op.f('fk_proposal_statement_id')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_proposal_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal'))
    )
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_proposal_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_proposal_office_id'), ['office_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_proposal_state'), ['state'], unique=False)
        batch_op.create_index(batch_op.f('ix_proposal_subject_id'), ['subject_id'], unique=False)

    op.create_table('search_step',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('search_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('officer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('found', sa.Boolean(), nullable=False),
    sa.Column('recorded_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_search_step_officer_id')),
    sa.ForeignKeyConstraint(['search_id'], ['search_case.id'], name=op.f('fk_search_step_search_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_step'))
    )
    with op.batch_alter_table('search_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_search_step_search_id'), ['search_id'], unique=False)

    op.create_table('measure',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('decided_on', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('document', sa.String(), nullable=False),
    sa.Column('ground', sa.String(), nullable=False),
    sa.Column('proposal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('recorded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('recorded_at', corrections.store.types.UTCDateTime(), nullable=False),
    sa.Column('revoked_at', corrections.store.types.UTCDateTime(), nullable=True),
    sa.Column('revoked_reason', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposal.id'], name=op.f('fk_measure_proposal_id')),
    sa.ForeignKeyConstraint(['recorded_by'], ['officer.id'], name=op.f('fk_measure_recorded_by')),
    sa.ForeignKeyConstraint(['subject_id'], ['subject.id'], name=op.f('fk_measure_subject_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_measure'))
    )
    with op.batch_alter_table('measure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_measure_proposal_id'), ['proposal_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_measure_subject_id'), ['subject_id'], unique=False)

    with op.batch_alter_table('leave_permit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('windows', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), server_default='[]', nullable=False))

    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.add_column(sa.Column('bureau_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('office_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('about', sa.String(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('severity', sa.String(), server_default='medium', nullable=False))
        batch_op.add_column(sa.Column('dispatch_at', corrections.store.types.UTCDateTime(), nullable=True))
    for column in ('bureau_id', 'office_id'):
        op.execute(f"UPDATE notice SET {column} = (SELECT {column} FROM subject WHERE subject.id = notice.subject_id)")
    with op.batch_alter_table('notice', schema=None) as batch_op:
        for column, null in (('bureau_id', False), ('office_id', False), ('subject_id', True)):
            batch_op.alter_column(column, existing_type=sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=null)
        batch_op.create_index(batch_op.f('ix_notice_bureau_id'), ['bureau_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_dispatch_at'), ['dispatch_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_office_id'), ['office_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_notice_bureau_id'), 'bureau', ['bureau_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_notice_office_id'), 'office', ['office_id'], ['id'])

    # Absences become rows: what was an end alone is away since before all that is stored.
    op.execute(
        "INSERT INTO absence (officer_id, starts_at, ends_at, reason, recorded_at) "
        "SELECT id, 0, absent_until, '', 0 FROM officer WHERE absent_until IS NOT NULL"
    )
    with op.batch_alter_table('officer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('addresses', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), server_default='{}', nullable=False))
        batch_op.drop_column('absent_until')

    with op.batch_alter_table('subject', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subject_term_until'), ['term_until'], unique=False)

    with op.batch_alter_table('violation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('matter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('assigned_why', sa.String(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('claimed_until', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('remind_at', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('escalation', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('escalated_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('escalate_at', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.create_index(batch_op.f('ix_violation_claimed_until'), ['claimed_until'], unique=False)
        batch_op.create_index(batch_op.f('ix_violation_escalate_at'), ['escalate_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_violation_escalated_to'), ['escalated_to'], unique=False)
        batch_op.create_index(batch_op.f('ix_violation_matter_id'), ['matter_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_violation_remind_at'), ['remind_at'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_violation_escalated_to'), 'officer', ['escalated_to'], ['id'])

    # What is open goes on: each violation a matter of its own, due as it was, a claim held until two hours after its last step.
    op.execute("UPDATE violation SET matter_id = id")
    op.execute("UPDATE violation SET escalate_at = due_at WHERE review_state IN ('queued', 'claimed')")
    last_step = "(SELECT MAX(at) FROM review_event WHERE review_event.violation_id = violation.id)"
    op.execute(f"UPDATE violation SET claimed_until = {last_step} + 7200000000 WHERE review_state = 'claimed'")

    guard(GUARDED)



def downgrade() -> None:
    with op.batch_alter_table('subject', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subject_term_until'))

    with op.batch_alter_table('violation', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_violation_escalated_to'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_violation_remind_at'))
        batch_op.drop_index(batch_op.f('ix_violation_matter_id'))
        batch_op.drop_index(batch_op.f('ix_violation_escalated_to'))
        batch_op.drop_index(batch_op.f('ix_violation_escalate_at'))
        batch_op.drop_index(batch_op.f('ix_violation_claimed_until'))
        batch_op.drop_column('escalate_at')
        batch_op.drop_column('escalated_to')
        batch_op.drop_column('escalation')
        batch_op.drop_column('remind_at')
        batch_op.drop_column('claimed_until')
        batch_op.drop_column('assigned_why')
        batch_op.drop_column('matter_id')

    with op.batch_alter_table('officer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('absent_until', corrections.store.types.UTCDateTime(), nullable=True))
        batch_op.drop_column('addresses')
    op.execute("UPDATE officer SET absent_until = (SELECT MAX(ends_at) FROM absence WHERE officer_id = officer.id AND revoked_at IS NULL)")

    op.execute("DELETE FROM notice WHERE subject_id IS NULL")
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_notice_office_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_notice_bureau_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_notice_office_id'))
        batch_op.drop_index(batch_op.f('ix_notice_dispatch_at'))
        batch_op.drop_index(batch_op.f('ix_notice_bureau_id'))
        batch_op.alter_column('subject_id',
               existing_type=sa.INTEGER(),
               nullable=False)
        batch_op.drop_column('dispatch_at')
        batch_op.drop_column('severity')
        batch_op.drop_column('about')
        batch_op.drop_column('office_id')
        batch_op.drop_column('bureau_id')

    with op.batch_alter_table('leave_permit', schema=None) as batch_op:
        batch_op.drop_column('windows')

    with op.batch_alter_table('measure', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_measure_subject_id'))
        batch_op.drop_index(batch_op.f('ix_measure_proposal_id'))

    op.drop_table('measure')
    with op.batch_alter_table('search_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_search_step_search_id'))

    op.drop_table('search_step')
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_proposal_subject_id'))
        batch_op.drop_index(batch_op.f('ix_proposal_state'))
        batch_op.drop_index(batch_op.f('ix_proposal_office_id'))
        batch_op.drop_index(batch_op.f('ix_proposal_bureau_id'))

    op.drop_table('proposal')
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_message_subject_id'))
        batch_op.drop_index(batch_op.f('ix_outbox_message_officer_id'))
        batch_op.drop_index(batch_op.f('ix_outbox_message_notice_id'))
        batch_op.drop_index(batch_op.f('ix_outbox_message_due_at'))
        batch_op.drop_index(batch_op.f('ix_outbox_message_bureau_id'))

    op.drop_table('outbox_message')
    op.drop_table('violation_watch')
    with op.batch_alter_table('statement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_statement_violation_id'))
        batch_op.drop_index(batch_op.f('ix_statement_subject_id'))

    op.drop_table('statement')
    with op.batch_alter_table('search_case', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_search_case_violation_id'))
        batch_op.drop_index(batch_op.f('ix_search_case_subject_id'))
        batch_op.drop_index(batch_op.f('ix_search_case_office_id'))
        batch_op.drop_index(batch_op.f('ix_search_case_bureau_id'))

    op.drop_table('search_case')
    with op.batch_alter_table('leave_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_leave_report_request_id'))

    op.drop_table('leave_report')
    with op.batch_alter_table('leave_request', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_leave_request_subject_id'))
        batch_op.drop_index(batch_op.f('ix_leave_request_state'))
        batch_op.drop_index(batch_op.f('ix_leave_request_permit_id'))
        batch_op.drop_index(batch_op.f('ix_leave_request_overdue_at'))
        batch_op.drop_index(batch_op.f('ix_leave_request_office_id'))
        batch_op.drop_index(batch_op.f('ix_leave_request_tell_at'))
        batch_op.drop_index(batch_op.f('ix_leave_request_due_at'))
        batch_op.drop_index(batch_op.f('ix_leave_request_bureau_id'))

    op.drop_table('leave_request')
    with op.batch_alter_table('own_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_own_link_subject_id'))

    op.drop_table('own_link')
    with op.batch_alter_table('objection', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_objection_subject_id'))
        batch_op.drop_index(batch_op.f('ix_objection_office_id'))
        batch_op.drop_index(batch_op.f('ix_objection_escalate_at'))
        batch_op.drop_index(batch_op.f('ix_objection_due_at'))
        batch_op.drop_index(batch_op.f('ix_objection_bureau_id'))

    op.drop_table('objection')
    with op.batch_alter_table('legal_clock', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_legal_clock_tell_at'))
        batch_op.drop_index(batch_op.f('ix_legal_clock_subject_id'))

    op.drop_table('legal_clock')
    with op.batch_alter_table('check_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_check_in_subject_id'))
        batch_op.drop_index(batch_op.f('ix_check_in_office_id'))
        batch_op.drop_index('ix_check_in_open', sqlite_where=sa.text("answered_at IS NULL AND missed_at IS NULL AND skipped = ''"), postgresql_where=sa.text("answered_at IS NULL AND missed_at IS NULL AND skipped = ''"))
        batch_op.drop_index(batch_op.f('ix_check_in_bureau_id'))

    op.drop_table('check_in')
    with op.batch_alter_table('check_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_check_entry_subject_id'))
        batch_op.drop_index(batch_op.f('ix_check_entry_round_id'))

    op.drop_table('check_entry')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attachment_subject_id'))
        batch_op.drop_index('ix_attachment_about_about_id')

    op.drop_table('attachment')
    with op.batch_alter_table('duty', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_duty_officer_id'))
        batch_op.drop_index(batch_op.f('ix_duty_office_id'))
        batch_op.drop_index(batch_op.f('ix_duty_ends_at'))
        batch_op.drop_index(batch_op.f('ix_duty_bureau_id'))

    op.drop_table('duty')
    with op.batch_alter_table('check_round', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_check_round_state'))
        batch_op.drop_index(batch_op.f('ix_check_round_remind_at'))
        batch_op.drop_index(batch_op.f('ix_check_round_officer_id'))
        batch_op.drop_index(batch_op.f('ix_check_round_office_id'))
        batch_op.drop_index(batch_op.f('ix_check_round_escalate_at'))
        batch_op.drop_index(batch_op.f('ix_check_round_bureau_id'))

    op.drop_table('check_round')
    with op.batch_alter_table('absence', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_absence_officer_id'))
        batch_op.drop_index(batch_op.f('ix_absence_ends_at'))

    op.drop_table('absence')
    with op.batch_alter_table('check_secret', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_check_secret_bureau_id'))

    op.drop_table('check_secret')
    op.drop_table('stored_file')
    op.drop_table('schedule_mark')
    op.drop_table('lease')
