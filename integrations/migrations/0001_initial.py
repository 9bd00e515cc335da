import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('orgs', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=10, verbose_name='kind')),
                ('file_name', models.CharField(max_length=200, verbose_name='file')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField(verbose_name='bytes')),
                ('state', models.CharField(choices=[('waiting', 'waiting for you'), ('done', 'imported')], default='waiting', max_length=7, verbose_name='state')),
                ('source', models.CharField(max_length=40, verbose_name='source')),
                ('mapping', models.JSONField(blank=True, default=dict)),
                ('content', models.BinaryField(blank=True, null=True)),
                ('created', models.PositiveIntegerField(default=0, verbose_name='new')),
                ('updated', models.PositiveIntegerField(default=0, verbose_name='changed')),
                ('unchanged', models.PositiveIntegerField(default=0, verbose_name='unchanged')),
                ('created_at', models.DateTimeField(verbose_name='uploaded')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='imported')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orgs.organisation')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'indexes': [models.Index(fields=['organisation', '-created_at'], name='import_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'done'])), name='import_state')],
            },
        ),
    ]
